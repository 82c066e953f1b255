"""The check that --batch-by has domains to go by."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.domain_check import check_domains, check_zones, is_whole
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


SET = {"resource_group": "rg", "scale_set": "web"}
TOGETHER = [instance("a"), instance("b")]


@pytest.mark.parametrize(
    ("by", "place"), [("zone", "zone 1"), ("fault-domain", "FD 0"), ("zone fault-domain", "zone 1, FD 0")]
)
def test_a_set_with_one_domain_is_no_rollout(by: str, place: str, caplog: pytest.LogCaptureFixture) -> None:
    domains = tuple(by.split())
    with pytest.raises(InvalidArgumentValueError, match=f"all 2 instances of scale set web are in {place}"):
        check_domains(TOGETHER, RunOptions(batch_by=domains), SET)
    check_domains(TOGETHER, RunOptions(batch_by=domains, max_parallel=1), SET)
    assert "only --max-parallel limits the batches" in caplog.text
    caplog.clear()
    check_domains(TOGETHER, RunOptions(batch_by=domains), {**SET, "names": ("a", "b")})
    check_domains(TOGETHER, RunOptions(batch_by=domains, retry_failed="log"), SET)
    assert caplog.text.count("they are one batch") == 2


def test_a_regional_set_by_both_has_fault_domains(caplog: pytest.LogCaptureFixture) -> None:
    apart = [instance("a", zone=None), instance("b", zone=None, fault_domain=1)]
    check_domains(apart, RunOptions(batch_by=("zone", "fault-domain")), SET)
    assert "only --batch-by fault-domain limits the batches" in caplog.text
    with pytest.raises(InvalidArgumentValueError, match="FD 0"):
        check_domains(REGIONAL, RunOptions(batch_by=("zone", "fault-domain")), SET)


@pytest.mark.parametrize(
    ("choice", "whole"),
    [
        (SET, True),
        ({**SET, "names": ("*",)}, True),
        ({"ids": ("/subscriptions/s/x/virtualMachineScaleSets/a",)}, True),
        ({"ids": ("/subscriptions/s/x/virtualMachines/a",)}, False),
        ({**SET, "zones": ("1",)}, False),
        ({**SET, "exclude": ()}, True),
    ],
)
def test_a_whole_set_is_one_without_names_and_filters(choice: dict[str, Any], whole: bool) -> None:
    assert is_whole(choice) is whole
