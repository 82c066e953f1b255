"""The shape of the records of a job log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.joblog.schema import RECORDS, is_complete
from tests.latest.helpers.logs import IDS, OUTCOME, PLAN, WHOLE, Record, write

JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=2) | st.just({})


@settings(max_examples=40)
@given(st.data())
def test_a_log_with_anything_in_a_field_is_read_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    records: list[Record] = json.loads(json.dumps(WHOLE))
    one = data.draw(st.sampled_from([*records, records[0]["instances"][0]]))
    one[data.draw(st.sampled_from(sorted(one)))] = data.draw(JUNK)
    path = tmp_path_factory.getbasetemp() / "junk"
    write(path, *records)
    try:
        log, found = job_log.open_to_append(str(path))
    except InvalidArgumentValueError:
        return
    log.close()
    assert set(replay(found).instances) == {ResourceId(one["id"]) for one in found[0]["instances"]}


@pytest.mark.parametrize("one", [PLAN, {**OUTCOME, "id": IDS[0]}, {"record": "of a later version"}])
def test_a_record_with_all_its_fields_is_complete(one: Record) -> None:
    assert is_complete(one)


@pytest.mark.parametrize(
    "change",
    [
        {"batches": "1"},
        {"batches": 4},
        {"batches": -1},
        {"scaleSets": ["/other"]},
        {"instances": [{**PLAN["instances"][0], "batch": "1"}]},
        {"instances": [None]},
        {"how": []},
    ],
    ids=str,
)
def test_a_plan_with_a_field_of_another_type_is_not_whole(change: Record) -> None:
    assert not is_complete({**PLAN, **change})


@pytest.mark.parametrize("field", sorted(RECORDS["outcome"]))
def test_an_outcome_without_one_of_its_fields_is_not_whole(field: str) -> None:
    one = {**OUTCOME, "id": IDS[0]}
    del one[field]
    assert not is_complete(one)
