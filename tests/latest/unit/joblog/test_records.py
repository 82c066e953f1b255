"""The records of a job log."""

from __future__ import annotations

import re

from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.schema import is_complete
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance, outcome

RESTART = next(one for one in operations() if one.name == "restart")


def test_a_record_has_its_kind_and_its_time() -> None:
    one = records.record("stopped", reason="Enough.")
    assert list(one) == ["record", "at", "reason"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["at"])


def test_an_acceptance_names_the_url_of_a_result_only_where_there_is_one() -> None:
    assert "finalUrl" not in records.accepted("/vm", "u", None)
    assert records.accepted("/vm", "u", "f")["finalUrl"] == "f"


def test_a_plan_names_each_set_once_and_the_batch_of_each_instance() -> None:
    chosen = [instance("a"), instance("b", DB), instance("c")]
    plan = records.plan(
        RESTART, {}, {}, RunOptions().to_log(), instances=chosen, batches={chosen[0].id: 1, chosen[1].id: 2}
    )
    assert plan["scaleSets"] == [chosen[0].scale_set.id, DB.id]
    assert [one["batch"] for one in plan["instances"]] == [1, 2, None]
    assert plan["batches"] == 2
    assert is_complete(plan)


def test_an_outcome_is_a_whole_record() -> None:
    one = records.outcome(RESTART, outcome())
    assert (one["id"], one["status"], one["error"]) == (
        instance("web_1").id,
        "Failed",
        {"code": "Conflict", "message": "Busy."},
    )
    assert is_complete(one)
