"""Messages on standard error after a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from azext_flexcompare.instances import Instance
from azext_flexcompare.output import messages
from azext_flexcompare.output.exit_status import NORMAL_END, RunEnd
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from tests.latest.helpers.factories import DB, instance, outcome, scale_set

STOPPED = RunEnd("Stopped by --max-errors: 1 instance has failed.")
GATE = RunEnd("Stopped by --health-gate vm-agent.", gate_failed=True)


def texts_of(outcomes: list[Outcome[Instance]], run_end: RunEnd = NORMAL_END, **retry: Any) -> list[str]:
    known = {"operation": "restart", "home": "s", **retry}
    return [one.text for one in messages.run_messages(outcomes, messages.Retry(**known), run_end)]


def advice_of(outcomes: list[Outcome[Instance]], run_end: RunEnd = NORMAL_END, **retry: Any) -> str:
    return texts_of(outcomes, run_end, **retry)[-1]


def well(*statuses: str) -> list[Outcome[Instance]]:
    return [outcome(f"web_{number}", status, None) for number, status in enumerate(statuses)]


def test_a_run_without_failures_has_no_message() -> None:
    assert texts_of(well(Status.SUCCEEDED, Status.SKIPPED, Status.ACCEPTED, Status.PLANNED)) == []


def test_the_counts_add_up() -> None:
    outcomes = well(*[Status.SUCCEEDED] * 4, Status.NOT_STARTED, Status.INTERRUPTED, Status.FAILED, Status.TIMED_OUT)
    counts = "8 instances: 4 Succeeded, 1 Failed, 1 TimedOut, 1 Interrupted, 1 NotStarted."
    assert messages.count_statuses(outcomes) == counts
    assert messages.count_statuses([]) == "0 instances: nothing to do."


def test_every_status_is_counted() -> None:
    known = {value for name, value in vars(Status).items() if name.isupper()}
    assert set(messages.ORDER) == known


def test_equal_errors_are_folded_whatever_instance_they_name() -> None:
    said = [outcome(name, error=Error("Conflict", f"VM '{name}' is busy.")) for name in ("web_1", "web_2")]
    assert texts_of(said)[0] == "2 Failed: Conflict: VM '<instance>' is busy. (web_1, web_2)"


@pytest.mark.parametrize(
    "other",
    [
        outcome("web_2", error=Error("Conflict", "Late.")),
        outcome("web_2", error=Error("Other", "Busy.")),
        outcome("web_2", Status.TIMED_OUT),
    ],
)
def test_different_errors_have_a_line_each(other: Outcome[Instance]) -> None:
    lines = texts_of([outcome("web_1"), other, outcome("web_3")])
    assert len(lines) == 3
    assert lines[0] == "2 Failed: Conflict: Busy. (web_1, web_3)"


def test_what_timed_out_without_an_error_is_shown_with_its_reason() -> None:
    unknown = Outcome(instance("web_1"), Status.TIMED_OUT, reason="Its operation cannot be read.")
    assert texts_of([unknown])[0] == "1 TimedOut: Its operation cannot be read. (web_1)"


def test_errors_are_errors_and_advice_is_not() -> None:
    found = messages.run_messages([outcome()], messages.Retry("restart", home="s"), STOPPED)
    assert [one.is_error for one in found] == [True, True, False]


@pytest.mark.parametrize(
    ("count", "end"), [(10, ", web_9)"), (11, ", web_9 and 1 more)"), (300, ", web_9 and 290 more)")]
)
def test_a_long_list_of_names_is_shortened(count: int, end: str) -> None:
    line = texts_of([outcome(f"web_{number}") for number in range(count)])[0]
    assert line.startswith(f"{count} Failed: Conflict: Busy. (web_0, web_1, ")
    assert line.endswith(end)


def test_a_very_long_error_is_cut() -> None:
    line = texts_of([outcome(error=Error("Odd", "x" * 1_000_000))])[0]
    assert len(line) < 1200
    assert "(cut: 1,000,005 characters)" in line


def test_a_retry_within_one_set_goes_by_names() -> None:
    found = advice_of([outcome("web_1"), outcome("web_2", Status.SUCCEEDED, None), outcome("web_3")])
    assert found == "To retry: az vmss-flex restart -g rg -n web --instance-ids web_1 web_3"


def test_a_retry_keeps_the_options_of_the_run() -> None:
    words = ["--batch-by", "zone", "--batch-size", "1", "50%", "--max-errors", "2"]
    assert advice_of([outcome()], run_words=words).endswith("web_1 --batch-by zone --batch-size 1 50% --max-errors 2")


def test_a_retry_of_an_operation_that_has_a_name_of_its_own_calls_the_set_by_its_long_option() -> None:
    found = advice_of([outcome()], operation="extension delete", options={"--name": "agent"})
    assert found.endswith("-g rg --vmss-name web --instance-ids web_1 --name agent")


def test_a_retry_quotes_an_odd_resource_group_and_values() -> None:
    odd = outcome(scale_set=scale_set("web(1)", "web(1)-rg"))
    words = shlex.split(advice_of([odd], options={"--notes": "a b"}).partition("To retry: ")[2])
    assert words[4:7] == ["web(1)-rg", "-n", "web(1)"]
    assert words[-2:] == ["--notes", "a b"]


def test_a_retry_in_another_subscription_than_that_of_the_login_goes_by_ids() -> None:
    found = advice_of([outcome("web_1")], home="another")
    assert found == f"To retry: az vmss-flex restart --ids {instance('web_1').id}"


def test_a_retry_across_sets_goes_by_ids() -> None:
    found = advice_of([outcome("web_1"), outcome("db_1", scale_set=DB)])
    assert found.endswith(f" --ids {instance('web_1').id} {instance('db_1', DB).id}")


@pytest.mark.parametrize("count", [51, 1000])
def test_a_retry_of_too_many_goes_by_a_file(count: int) -> None:
    found = advice_of([outcome(f"web_{number}") for number in range(count)], run_words=["--max-errors", "2"])
    assert found.startswith("To retry: az vmss-flex restart --ids @FILE --max-errors 2, where FILE has the ids of ")


def test_a_retry_of_fifty_still_names_them() -> None:
    assert "--instance-ids web_0 web_1 " in advice_of([outcome(f"web_{number}") for number in range(50)])


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({"--skip-shutdown": True}, "web_1 --skip-shutdown"),
        ({"--protect-from-scale-in": False}, "web_1 --protect-from-scale-in false"),
        ({"--temp-disk": True, "--admin-password": None}, "web_1 --temp-disk, with --admin-password as before"),
    ],
)
def test_a_retry_has_the_options_of_the_operation_but_no_secret(options: Mapping[str, Any], end: str) -> None:
    assert advice_of([outcome()], options=options).endswith(end)


def test_a_retry_names_not_started_instances_and_no_interrupted_one() -> None:
    lines = texts_of([outcome("web_1", Status.INTERRUPTED, None), outcome("web_2", Status.NOT_STARTED, None)])
    assert "Interrupted" in lines[0]
    assert lines[1].endswith("--instance-ids web_2")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("outcomes", "run_end", "way"),
    [
        ([outcome()], NORMAL_END, "--retry-failed"),
        ([outcome(), outcome("web_2", Status.NOT_STARTED, None)], STOPPED, "--resume"),
        ([outcome("web_1", Status.INTERRUPTED, None)], NORMAL_END, "--resume"),
        (well(Status.SUCCEEDED), GATE, "--resume"),
        (well(Status.SUCCEEDED), RunEnd(not_seen="Interrupted before batch 1 was healthy."), "--resume"),
    ],
)
def test_a_run_with_a_job_log_is_told_one_way_to_go_on(
    outcomes: list[Outcome[Instance]], run_end: RunEnd, way: str
) -> None:
    found = [text for text in texts_of(outcomes, run_end, log="my log") if "az vmss-flex" in text]
    assert len(found) == 1
    assert found[0].endswith(f"az vmss-flex restart {way} 'my log'")


def test_a_job_log_has_all_options_but_those_that_the_cli_demands_and_secrets() -> None:
    options = {"--command-id": "RunShellScript", "--scripts": None, "--fail-on-stderr": True}
    found = advice_of([outcome()], options=options, required=["--command-id"], run_words=["--timeout", "9"], log="log")
    assert found.endswith("restart --retry-failed log --command-id RunShellScript, with --scripts as before")


def test_a_gate_that_stopped_a_run_is_not_walked_past() -> None:
    assert "To retry" not in " ".join(texts_of([outcome(), *well(Status.NOT_STARTED)], GATE))


def test_a_run_that_was_throttled_says_how_often_and_for_how_long() -> None:
    (line,) = texts_of(well(Status.SUCCEEDED), RunEnd(throttle_waits=[0, 7.5, 1]))
    assert line.startswith("Azure throttled 3 requests (429)")
    assert "up to 7.5 s" in line


def test_the_names_of_few_are_all_shown() -> None:
    names: Sequence[str] = ["a", "b"]
    assert messages.first_names(names) == "a, b"
