"""The check that --batch-by zone has zones to go by."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.domain_check import check_zones
from azext_flexcompare.planning.run_options import RunOptions
from tests.latest.helpers.factories import instance

REGIONAL = [instance("a", zone=None), instance("b", zone=None)]


def test_a_regional_set_has_no_zones_to_go_by() -> None:
    with pytest.raises(InvalidArgumentValueError, match="no instance of scale set web is in a zone") as refused:
        check_zones(REGIONAL, RunOptions(batch_by=("zone",)))
    assert "all 2 instances" in str(refused.value)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"batch_size": (parse_batch_size("1"),)}, "--batch-size"),
        ({"max_parallel": 2}, "--max-parallel"),
        ({"batch_by": ("zone", "fault-domain")}, "--batch-by fault-domain"),
    ],
)
def test_another_limit_is_enough_and_named(more: dict[str, Any], name: str, caplog: pytest.LogCaptureFixture) -> None:
    check_zones(REGIONAL, RunOptions(**{"batch_by": ("zone",), **more}))
    assert f"separates none; only {name} limits the batches" in caplog.text


@pytest.mark.parametrize(
    ("instances", "by"),
    [
        ([*REGIONAL, instance("c")], ("zone",)),
        (REGIONAL[:1], ("zone",)),
        ([], ("zone",)),
        (REGIONAL, ()),
        (REGIONAL, ("fault-domain",)),
    ],
)
def test_nothing_is_said_where_zones_separate_or_are_not_asked_for(
    instances: list[Any], by: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    check_zones(instances, RunOptions(batch_by=by))
    assert caplog.text == ""
