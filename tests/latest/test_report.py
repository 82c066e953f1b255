"""Is a run told in the words of the contract: rows, lines and exit status?"""

from __future__ import annotations

import io
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from knack.cli import CLI
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_flexcompare.instances import Instance, ScaleSet, describe
from azext_flexcompare.output import messages
from azext_flexcompare.output.exit_status import Exit, RunEnd, exit_status, leave_after_output
from azext_flexcompare.output.rows import instance_row, listed_row, outcome_row
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.table.entries import operations

BEGAN = datetime(2026, 11, 23, 4, 5, 6, 789012, timezone.utc)
URL = "https://management.example.com/operations/1"
OPERATIONS = {operation.name: operation for operation in operations()}
BUSY = Error("Conflict", "Busy.")
STATUSES = sorted(value for name, value in vars(Status).items() if not name.startswith("_"))
ROW = {  # the contract's keys, in its order, and what may stand there
    "instance": str,
    "id": str,
    "resourceGroup": str,
    "scaleSet": str,
    "zone": str | None,
    "faultDomain": int | None,
    "operation": str,
    "status": str,
    "error": dict | None,
    "reason": str | None,
    "batch": int,
    "startedAt": str | None,
    "finishedAt": str | None,
    "durationSeconds": float | None,
    "operationUrl": str | None,
}


def tell(operation: str, outcomes: list[Outcome[Instance]], options: Sequence[str] = ()) -> list[str]:
    return messages.run_messages(outcomes, messages.Retry(operation, options, home="s"))


def set_called(name: str) -> ScaleSet:
    return ScaleSet("s", f"{name}-rg", name, f"/sets/{name}")


def instance(name: str, scale_set: str = "web", zone: str | None = "2", fault_domain: int | None = 0) -> Instance:
    place = (set_called(scale_set), zone, fault_domain, "running", {"role": "web"})
    return Instance(f"/vms/{name}", name, *place, "Succeeded", "Standard_B1s", "westeurope", None)


def outcome(
    name: str = "web_1", status: str = Status.FAILED, error: Error | None = BUSY, **of: str
) -> Outcome[Instance]:
    return Outcome(instance(name, **of), status, error)


def whole() -> Outcome[Instance]:
    end = BEGAN + timedelta(seconds=41.2)
    return Outcome(instance("web_1"), Status.FAILED, BUSY, None, BEGAN, end, 41.2, URL)


def rows() -> dict[str, dict[str, Any]]:
    bare = Outcome(instance("web_1", zone=None, fault_domain=None), Status.SKIPPED, reason="It is running already.")
    return {"whole": outcome_row(OPERATIONS["restart"], whole()), "bare": outcome_row(OPERATIONS["start"], bare)}


@pytest.mark.parametrize("kind", ["whole", "bare"])
def test_a_row_has_the_keys_and_the_types_of_the_contract(kind: str) -> None:
    row = rows()[kind]
    assert list(row) == list(ROW)
    assert {key: value for key, value in row.items() if not isinstance(value, ROW[key])} == {}


def test_a_row_says_everything_of_an_outcome() -> None:
    assert rows()["whole"] == {
        "instance": "web_1",
        "id": "/vms/web_1",
        "resourceGroup": "web-rg",
        "scaleSet": "web",
        "zone": "2",
        "faultDomain": 0,
        "operation": "restart",
        "status": "Failed",
        "error": {"code": "Conflict", "message": "Busy."},
        "reason": None,
        "batch": 1,
        "startedAt": "2026-11-23T04:05:06.789Z",
        "finishedAt": "2026-11-23T04:05:47.989Z",
        "durationSeconds": 41.2,
        "operationUrl": URL,
    }


def test_a_row_keeps_null_for_what_is_not_known() -> None:
    empty = {key for key, value in rows()["bare"].items() if value is None}
    times = {"startedAt", "finishedAt", "durationSeconds"}
    assert empty == {"zone", "faultDomain", "error", "operationUrl", *times}


@pytest.mark.parametrize(
    ("returns", "result", "more"),
    [
        ("value[].message", {"value": [{"message": "one"}, {"message": "two"}]}, {"output": "one\ntwo"}),
        ("value[].message", {"value": []}, {"output": ""}),
        ("value[].message", None, {"output": None}),
        (None, {"value": [{"message": "one"}]}, {}),
    ],
)
def test_a_row_ends_with_what_the_operation_returned_if_it_returns_anything(
    returns: str | None, result: object, more: dict[str, Any]
) -> None:
    operation = OPERATIONS["restart"]._replace(returns=returns)
    assert outcome_row(operation, replace(whole(), result=result)) == {**rows()["whole"], **more}


def test_the_statuses_are_those_of_the_contract() -> None:
    told = "Succeeded Failed TimedOut Skipped Accepted Planned NotStarted Interrupted"
    assert sorted(told.split()) == STATUSES


def test_a_listed_instance_begins_like_every_row_and_has_the_names_of_az_vmss() -> None:
    row = listed_row(instance("web_1"))
    assert list(row)[:6] == list(instance_row(instance("web_1"))) == list(ROW)[:6]
    assert (row["name"], row["instanceId"], row["powerState"], row["vmSize"]) == (
        "web_1",
        "web_1",
        "running",
        "Standard_B1s",
    )


def test_nothing_is_told_where_all_is_well() -> None:
    well = (Status.SUCCEEDED, Status.SKIPPED, Status.ACCEPTED, Status.PLANNED)
    assert tell("restart", [outcome(status=status, error=None) for status in well]) == []


def test_equal_errors_are_folded_whatever_instance_they_name() -> None:
    said = [outcome(name, error=Error("Conflict", f"VM '{name}' is busy.")) for name in ("web_1", "web_2")]
    assert tell("restart", said)[0] == "2 Failed: Conflict: VM '<instance>' is busy. (web_1, web_2)"


@pytest.mark.parametrize(
    "other",
    [
        outcome("web_2", error=Error("Conflict", "Late.")),
        outcome("web_2", error=Error("Other", "Busy.")),
        outcome("web_2", Status.TIMED_OUT),
    ],
)
def test_unlike_errors_are_told_apart(other: Outcome[Instance]) -> None:
    lines = tell("restart", [outcome("web_1"), other, outcome("web_3")])
    assert len(lines) == 3
    assert lines[0] == "2 Failed: Conflict: Busy. (web_1, web_3)"


@pytest.mark.parametrize(
    ("count", "end"), [(10, ", web_9)"), (11, ", web_9 and 1 more)"), (300, ", web_9 and 290 more)")]
)
def test_a_long_list_of_names_is_shortened(count: int, end: str) -> None:
    line = tell("restart", [outcome(f"web_{number}") for number in range(count)])[0]
    assert line.startswith(f"{count} Failed: Conflict: Busy. (web_0, web_1, ")
    assert line.endswith(end)


def test_a_retry_within_one_set_goes_by_names() -> None:
    told = tell("stop", [outcome("web_1"), outcome("web_2", Status.SUCCEEDED, None), outcome("web_3")])
    retry = "az vmss-flex stop -g web-rg -n web --instance-ids web_1 web_3"
    assert told[-1] == f"2 of 3 did not succeed. To retry: {retry}"


def test_a_retry_of_an_operation_that_has_a_name_of_its_own_calls_the_set_by_its_long_option() -> None:
    assert "-g web-rg --vmss-name web " in tell("extension delete", [outcome()], ["--name"])[-1]


def test_a_retry_can_be_typed_whatever_the_resource_group_is_called() -> None:
    odd = outcome(scale_set="web(1)")
    told = tell("stop", [odd])[-1].partition("To retry: ")[2]
    assert shlex.split(told)[4:7] == ["web(1)-rg", "-n", "web(1)"]
    assert "'web(1)-rg'" in told


def test_a_retry_in_another_subscription_than_that_of_the_login_goes_by_ids() -> None:
    told = messages.run_messages([outcome("web_1")], messages.Retry("stop", home="another"))
    assert told[-1].endswith("To retry: az vmss-flex stop --ids /vms/web_1")


def test_a_retry_across_sets_goes_by_ids() -> None:
    told = tell("stop", [outcome("web_1"), outcome("db_1", scale_set="db")])
    assert told[-1].endswith("To retry: az vmss-flex stop --ids /vms/web_1 /vms/db_1")


@pytest.mark.parametrize("count", [51, 1000])
def test_a_retry_of_too_many_goes_by_a_file(count: int) -> None:
    told = tell("stop", [outcome(f"web_{number}") for number in range(count)])
    assert told[-1].startswith(f"{count} of {count} did not succeed. To retry: az vmss-flex stop --ids @file,")


def test_a_retry_of_fifty_still_names_them() -> None:
    assert "--instance-ids web_0 web_1 " in tell("stop", [outcome(f"web_{number}") for number in range(50)])[-1]


def test_a_retry_mentions_the_options_that_were_given() -> None:
    told = tell("reimage", [outcome()], ["--temp-disk", "--admin-password"])
    assert told[-1].endswith("web_1, with --temp-disk, --admin-password as before")


def test_what_was_not_started_is_to_be_retried_and_what_was_interrupted_is_to_be_looked_at() -> None:
    lines = tell("stop", [outcome("web_1", Status.INTERRUPTED, None), outcome("web_2", Status.NOT_STARTED, None)])
    assert lines[0].startswith("1 Interrupted: ")
    assert lines[1].endswith("--instance-ids web_2")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], Exit.SUCCESS),
        (["Succeeded", "Skipped", "Accepted", "Planned"], Exit.SUCCESS),
        (["Succeeded", "Failed"], Exit.SOME_FAILED),
        (["TimedOut"], Exit.SOME_FAILED),
        (["Succeeded", "Interrupted"], Exit.INTERRUPTED),
        (["Failed", "NotStarted"], Exit.INTERRUPTED),
    ],
)
def test_the_exit_status_follows_from_the_statuses(statuses: list[str], status: Exit) -> None:
    assert exit_status(statuses) is status


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    assert [int(status) for status in Exit] == [0, 4, 5, 130]


@pytest.fixture
def cli(tmp_path: Path) -> CLI:
    return CLI("test", str(tmp_path), "TEST", out_file=io.StringIO())


@pytest.mark.parametrize("status", [Exit.SOME_FAILED, Exit.INTERRUPTED])
def test_the_process_leaves_with_the_status_once_the_output_is_written(cli: CLI, status: Exit) -> None:
    leave_after_output(cli, status)
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    assert (left.value.code, type(left.value.code)) == (status, int)


def test_the_process_is_left_alone_where_all_is_well(cli: CLI) -> None:
    leave_after_output(cli, Exit.SUCCESS)
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)


@pytest.mark.parametrize(
    ("names", "told"), [(["web", "web"], "scale set web"), (["web", "db"], "the scale sets web, db")]
)
def test_sets_are_named_in_a_sentence(names: list[str], told: str) -> None:
    assert describe(map(set_called, names)) == told


def test_a_run_that_was_throttled_says_how_often_and_for_how_long() -> None:
    (line,) = messages.run_messages(
        [outcome(status=Status.SUCCEEDED, error=None)], messages.Retry("stop"), RunEnd(throttle_waits=[0, 7.5, 1])
    )
    assert line.startswith("Azure throttled 3 requests (429)")
    assert "up to 7.5 s" in line
