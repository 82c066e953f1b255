"""What is told on standard error after a run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pytest

from azext_flexcompare.instances import Instance
from azext_flexcompare.output import messages
from azext_flexcompare.output.exit_status import RunEnd
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from tests.latest.helpers.factories import DB, instance, outcome, scale_set


def tell(operation: str, outcomes: list[Outcome[Instance]], options: Sequence[str] = ()) -> list[str]:
    return messages.run_messages(outcomes, messages.Retry(operation, options, home="s"))


def test_a_run_without_failures_has_no_message() -> None:
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
def test_different_errors_have_a_line_each(other: Outcome[Instance]) -> None:
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
    retry = "az vmss-flex stop -g rg -n web --instance-ids web_1 web_3"
    assert told[-1] == f"2 of 3 did not succeed. To retry: {retry}"


def test_a_retry_of_an_operation_that_has_a_name_of_its_own_calls_the_set_by_its_long_option() -> None:
    assert "-g rg --vmss-name web " in tell("extension delete", [outcome()], ["--name"])[-1]


def test_a_retry_quotes_an_odd_resource_group() -> None:
    odd = outcome(scale_set=scale_set("web(1)", "web(1)-rg"))
    told = tell("stop", [odd])[-1].partition("To retry: ")[2]
    assert shlex.split(told)[4:7] == ["web(1)-rg", "-n", "web(1)"]
    assert "'web(1)-rg'" in told


def test_a_retry_in_another_subscription_than_that_of_the_login_goes_by_ids() -> None:
    told = messages.run_messages([outcome("web_1")], messages.Retry("stop", home="another"))
    assert told[-1].endswith(f"To retry: az vmss-flex stop --ids {instance('web_1').id}")


def test_a_retry_across_sets_goes_by_ids() -> None:
    told = tell("stop", [outcome("web_1"), outcome("db_1", scale_set=DB)])
    assert told[-1].endswith(f"To retry: az vmss-flex stop --ids {instance('web_1').id} {instance('db_1', DB).id}")


@pytest.mark.parametrize("count", [51, 1000])
def test_a_retry_of_too_many_goes_by_a_file(count: int) -> None:
    told = tell("stop", [outcome(f"web_{number}") for number in range(count)])
    assert told[-1].startswith(f"{count} of {count} did not succeed. To retry: az vmss-flex stop --ids @file,")


def test_a_retry_of_fifty_still_names_them() -> None:
    assert "--instance-ids web_0 web_1 " in tell("stop", [outcome(f"web_{number}") for number in range(50)])[-1]


def test_a_retry_mentions_the_options_that_were_given() -> None:
    told = tell("reimage", [outcome()], ["--temp-disk", "--admin-password"])
    assert told[-1].endswith("web_1, with --temp-disk, --admin-password as before")


def test_a_retry_names_not_started_instances_and_no_interrupted_one() -> None:
    lines = tell("stop", [outcome("web_1", Status.INTERRUPTED, None), outcome("web_2", Status.NOT_STARTED, None)])
    assert lines[0].startswith("1 Interrupted: ")
    assert lines[1].endswith("--instance-ids web_2")
    assert len(lines) == 2


def test_a_run_that_was_throttled_says_how_often_and_for_how_long() -> None:
    (line,) = messages.run_messages(
        [outcome(status=Status.SUCCEEDED, error=None)], messages.Retry("stop"), RunEnd(throttle_waits=[0, 7.5, 1])
    )
    assert line.startswith("Azure throttled 3 requests (429)")
    assert "up to 7.5 s" in line
