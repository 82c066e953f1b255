"""A run as its job log tells it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_flexcompare.joblog.job_state import UNFINISHED, WAITING
from tests.latest.helpers.report_logs import at, ended, parsed, plan, planned, run_in, said, whole_log


def test_a_cut_log_shows_which_instances_had_been_sent_a_call() -> None:
    log = [one for one in whole_log() if one["at"] < at(9)]
    page = parsed(log)
    assert page.instances()["flex_a"] == [UNFINISHED, "1", "07:38:12", "", "accepted, no outcome"]
    assert page.instances()["flex_c"] == [WAITING, "", "", "", ""]
    notice = next(text for text in page.texts("p") if "its last record is of 07:38:18 UTC" in text)
    assert "Sent without an outcome (Unfinished): 2 instances." in notice
    assert "Without a record (Waiting): 2 instances." in notice
    assert "Last record" in page.texts("dt")
    assert "Exit status" not in page.texts("dt")


@pytest.mark.parametrize("kept", range(1, len(whole_log()) + 1))
def test_wherever_a_log_is_cut_the_page_shows_every_instance(kept: int) -> None:
    page = parsed(whole_log()[:kept])
    assert sorted(page.instances()) == ["flex_a", "flex_b", "flex_c", "flex_d", "flex_e"]
    assert page.open == []


def test_of_a_retry_the_last_run_is_shown_and_nothing_of_the_runs_before() -> None:
    retry = [
        plan(planned("flex_b"), when=100),
        said("intent", 101, "flex_b"),
        ended("flex_b", "Succeeded", 101, 103),
        said("end", 104, exit=0),
    ]
    page = parsed([*whole_log(), *retry])
    assert page.instances() == {"flex_b": ["Succeeded", "1", "07:39:53", "2.0", ""]}
    told = "The log has 2 runs; this is the last one. 4 instances of the earlier runs had no part in it."
    assert told in page.texts("p")
    assert "Throttled" not in page.texts("dt")


def test_an_instance_of_a_retry_that_has_no_outcome_yet_has_not_that_of_the_run_before() -> None:
    log = [*whole_log(), plan(planned("flex_b"), when=100)]
    assert parsed(log).instances()["flex_b"][0] == WAITING


def test_the_last_outcome_of_an_instance_counts() -> None:
    log = [plan(planned("a")), ended("a", "Failed", 0, 1), ended("a", "Succeeded", 0, 3)]
    assert parsed(log).instances()["a"][0] == "Succeeded"


@pytest.mark.parametrize("batch", [[1], {}, None, "1"])
def test_a_health_record_without_the_number_of_a_batch_is_passed_over(batch: Any) -> None:
    log = [plan(planned("a")), said("health", 1, batch=batch, unhealthy=[])]
    assert run_in(log).batches == ()


def test_an_instance_that_is_sent_again_has_not_the_outcome_of_the_attempt_before() -> None:
    log = [plan(planned("a")), ended("a", "NotStarted", 0, 1), said("intent", 2, "a")]
    assert run_in(log).instances[0].status == UNFINISHED


@pytest.mark.parametrize("log", [[], [said("intent", 1, "a")], [{"record": "plan"}], [{"a": 1}], ["x"]], ids=str)
def test_what_tells_of_no_run_is_refused_by_name(log: Any) -> None:
    with pytest.raises(ValidationError, match=r"log\.jsonl has no run"):
        run_in(log)
