"""The conditions of `wait`."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, RequiredArgumentMissingError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from armsim import Simulator
from azext_flexcompare.instances import Instance
from azext_flexcompare.queries.wait import Awaited, wait_for
from azext_flexcompare.scheduler.poller import Failure
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.factories import instance
from tests.latest.helpers.hostile import hostile


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # jmespath's own, for a way of writing texts
@given(hostile | st.from_regex(r"[a-z@\[\]().`'\"|&?*{}:, ]{1,30}", fullmatch=True))
def test_a_query_to_wait_for_is_read_or_refused(query: str) -> None:
    try:
        Awaited(custom=query).tests()
    except AzCLIError:
        return


HERE = instance(provisioning_state="Succeeded", power_state="running")


@pytest.mark.parametrize(
    ("awaited", "found", "reached"),
    [
        (Awaited(created=True), HERE, True),
        (Awaited(updated=True), instance(provisioning_state="Updating"), False),
        (Awaited(updated=True), None, False),
        (Awaited(deleted=True), None, True),
        (Awaited(deleted=True), HERE, False),
        (Awaited(exists=True), HERE, True),
        (Awaited(exists=True), None, False),
        (Awaited(power_states=("stopped", "running")), HERE, True),
        (Awaited(power_states=("stopped",)), HERE, False),
        (Awaited(exists=True, power_states=("stopped",)), HERE, False),
    ],
)
def test_all_that_is_awaited_must_hold(awaited: Awaited, found: Instance | None, reached: bool) -> None:
    assert all(test(found) for test in awaited.tests()) is reached


def test_waiting_for_nothing_is_refused() -> None:
    with pytest.raises(RequiredArgumentMissingError):
        Awaited().tests()


def test_a_failed_instance_is_never_created() -> None:
    [test] = Awaited(created=True).tests()
    with pytest.raises(Failure):
        test(instance(provisioning_state="Failed"))


def test_each_chosen_instance_has_a_row_once_it_is_as_awaited(cli_ctx: Any, sim: Simulator) -> None:
    rows = wait_for(cli_ctx, Choice("rg", "flex"), Awaited(power_states=("running",)), None, 60)
    assert [(row["instance"], row["status"]) for row in rows] == [(name, "Succeeded") for name in sim.names("flex")]


def test_an_instance_that_is_gone_already_is_not_awaited(cli_ctx: Any) -> None:
    assert wait_for(cli_ctx, Choice("rg", "flex", names=("nobody",)), Awaited(deleted=True), None, 60) == []


def test_an_id_of_an_instance_that_is_gone_is_not_awaited(cli_ctx: Any, sim: Simulator) -> None:
    gone = f"{sim.vm_id('lonely')}_gone"
    assert wait_for(cli_ctx, Choice(ids=(gone,)), Awaited(deleted=True), None, 60) == []
    with pytest.raises(ValidationError):
        wait_for(cli_ctx, Choice(ids=(sim.vm_id("lonely"),)), Awaited(deleted=True), None, 60)


def test_an_instance_that_does_not_exist_yet_is_awaited(cli_ctx: Any, sim: Simulator) -> None:
    first, second = sim.names("flex")[:2]
    sim.add_fault({"action": "get", "vm": second, "times": 2, "fault": {"status": 404, "code": "ResourceNotFound"}})
    names = ("not_yet", second, first)
    rows = wait_for(cli_ctx, Choice("rg", "flex", names=names), Awaited(exists=True), 1, 4)
    found = [(row["instance"], row["status"]) for row in rows]
    assert found == [("not_yet", "TimedOut"), (second, "Succeeded"), (first, "Succeeded")]


def test_a_vm_of_that_name_outside_the_set_is_not_the_awaited_instance(cli_ctx: Any) -> None:
    [row] = wait_for(cli_ctx, Choice("rg", "flex", names=("lonely",)), Awaited(exists=True), None, 60)
    assert (row["status"], row["error"]["code"]) == ("Failed", "NotInScaleSet")


@pytest.mark.parametrize("name", ["0", "nobody_*"])
def test_what_is_no_name_of_a_vm_is_not_awaited(name: str, cli_ctx: Any) -> None:
    with pytest.raises(ValidationError):
        wait_for(cli_ctx, Choice("rg", "flex", names=(name,)), Awaited(exists=True), None, 60)
