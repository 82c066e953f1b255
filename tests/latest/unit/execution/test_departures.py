"""Instances that leave their scale set during a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution import departures
from azext_flexcompare.execution.departures import (
    DELETING,
    GONE,
    REPLACED,
    DepartureCheck,
    Members,
    deleting_reasons,
    resolve_failure,
    skip_departed,
    without_departed,
)
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Departed, Failure
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import BUSY, instance

RESTART = next(one for one in operations() if one.name == "restart")


@pytest.fixture
def chosen(azure: Azure, sim: Simulator, members: Callable[[], list[Instance]]) -> list[Instance]:
    """The instances of the set as they were, of which the first is gone now and the second replaced."""
    del azure
    found = members()
    sim.remove_vm(found[0].name)
    sim.replace_vm(found[1].name)
    return found


def test_an_instance_that_is_being_deleted_is_skipped() -> None:
    one = instance(provisioning_state="Deleting")
    assert deleting_reasons([one, instance("other")]) == {one.id: DELETING}


def test_a_listing_that_is_new_is_believed(azure: Azure, chosen: list[Instance], sim: Simulator) -> None:
    asked = len(sim.requests())
    assert Members(azure, chosen).why_departed(chosen[0]) is None
    assert len(sim.requests()) == asked


def test_an_old_listing_is_read_again(azure: Azure, chosen: list[Instance], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures, "LISTING_AGE", 0)
    members = Members(azure, chosen)
    assert [members.why_departed(one) for one in chosen[:3]] == [GONE, REPLACED, None]


def test_a_call_for_many_is_made_for_those_that_are_left(
    azure: Azure, chosen: list[Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "LISTING_AGE", 0)

    def prepare(instances: list[Instance]) -> list[Work]:
        return [Work(instances, Completed)]

    sent = Work([chosen[0]], Completed, sent=True)
    kept, gone = without_departed(Members(azure, chosen), [Work(chosen, Completed, prepare=prepare), sent], 2)
    assert [each.instances for each in kept] == [chosen[2:], [chosen[0]]]
    assert [(one.target, one.status, one.reason, one.batch) for one in gone] == [
        (chosen[0], Status.SKIPPED, GONE, 2),
        (chosen[1], Status.SKIPPED, REPLACED, 2),
    ]


def known(*_call: object) -> None:
    """Return no check: the outcome of the call is known."""


def test_a_failure_of_an_instance_that_has_left_is_none(azure: Azure, chosen: list[Instance]) -> None:
    for one in chosen[:2]:
        check = resolve_failure(azure, RESTART, known, Work([one], Completed), Failure(BUSY), False)
        assert isinstance(check, DepartureCheck)
        with pytest.raises(Departed):
            check.poll()
    with pytest.raises(Failure) as found:
        DepartureCheck(azure, chosen[2], Failure(BUSY)).poll()
    assert found.value.error == BUSY


def test_a_failure_that_says_nothing_of_the_instance_stays(azure: Azure, chosen: list[Instance]) -> None:
    work = Work([chosen[2]], Completed)
    assert resolve_failure(azure, RESTART, known, work, Failure(Error("NotSent", "No.")), False) is None


def test_what_was_known_of_a_set_stays_where_its_list_is_refused(
    azure: Azure, chosen: list[Instance], sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "LISTING_AGE", 0)
    members = Members(azure, chosen)
    assert members.why_departed(chosen[0]) == GONE
    sim.add_fault({"action": "list", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    assert [members.why_departed(one) for one in chosen[:3]] == [GONE, REPLACED, None]


def test_the_list_of_one_set_that_is_refused_hides_no_departure_from_another(
    azure: Azure, chosen: list[Instance]
) -> None:
    there = chosen[2].scale_set
    gone = ResourceId(there.id.replace(f"/{there.resource_group}/", "/gone/"))
    nowhere = there._replace(resource_group="gone", id=gone)
    assert there.id != gone
    other = chosen[2]._replace(scale_set=nowhere)
    failed = [Outcome(one, Status.FAILED, BUSY) for one in (other, chosen[0])]
    found = skip_departed(azure, RESTART, failed)
    assert [one.status for one in found] == [Status.FAILED, Status.SKIPPED]
