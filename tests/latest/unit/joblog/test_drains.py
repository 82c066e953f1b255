"""Records of who is out of rotation."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.drains import BEGUN, DROPPED, ENDED, UNDRAIN, Drained, drain_record, out_of_rotation
from azext_flexcompare.joblog.schema import is_complete

ONE, OTHER = (Drained(ResourceId(f"/vm/{name}"), "/lb/pool", name, "None") for name in "ab")
WAS_UP = ONE._replace(before="Up")
BROKEN = [{"addresses": None}, {"pool": 5.5, "addresses": [None]}, {"addresses": [{"id": 1}]}, {"pool": None}]


@pytest.mark.parametrize(
    ("steps", "out"),
    [
        ([], []),
        ([drain_record(BEGUN, 1, [ONE, OTHER])], [ONE, OTHER]),
        ([drain_record(BEGUN, 1, [ONE, OTHER]), drain_record(ENDED, 1, [ONE, OTHER])], [ONE, OTHER]),
        ([drain_record(BEGUN, 1, [ONE]), drain_record(DROPPED, 1, [ONE])], []),
        ([drain_record(ENDED, 1, [ONE, OTHER]), drain_record(BEGUN, 1, [ONE], UNDRAIN)], [ONE, OTHER]),
        ([drain_record(ENDED, 1, [ONE, OTHER]), drain_record(ENDED, 1, [ONE], UNDRAIN)], [OTHER]),
        ([drain_record(ENDED, 1, [ONE]), drain_record(DROPPED, 1, [ONE], UNDRAIN)], [ONE]),
        ([drain_record(ENDED, 1, [ONE]), drain_record(ENDED, 2, [WAS_UP])], [WAS_UP]),
    ],
)
def test_who_is_out_by_the_records(steps: list[dict[str, Any]], out: list[Drained]) -> None:
    assert all(is_complete(one) for one in steps)
    assert out_of_rotation([{"record": "plan"}, *steps, {"record": "end"}]) == out


@pytest.mark.parametrize("broken", BROKEN)
def test_a_record_that_was_edited_names_nobody_or_is_refused(broken: dict[str, Any]) -> None:
    record = {**drain_record(ENDED, 1, [ONE]), **broken}
    assert out_of_rotation([record]) == [] or not is_complete(record)
