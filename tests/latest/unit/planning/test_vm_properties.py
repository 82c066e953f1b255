"""A change that fits no VM is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.mgmt.compute.v2024_11_01.models import VirtualMachine

from azext_flexcompare.planning.vm_properties import check_expressions, check_properties


@pytest.mark.parametrize(
    "change",
    [
        {"tags": {"any": "thing"}},
        {"location": "westeurope", "zones": ["1"]},
        {"properties": {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}}},
        {"properties": {"storageProfile": {"dataDisks": [{"lun": 1, "createOption": "Attach"}]}}},
        {"properties": {"storageProfile": {"osDisk": {"deleteOption": "Detach"}}}},
    ],
)
def test_a_change_of_properties_that_vms_have_passes(change: dict[str, Any]) -> None:
    check_properties(VirtualMachine, change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"properties": {"nonsense": 1}}, "no property nonsense"),
        ({"properties": {"hardwareProfile": {"vmSiz": "x"}}}, "no property hardwareProfile.vmSiz"),
        ({"properties": {"hardwareProfile": "x"}}, "does not fit"),
    ],
)
def test_any_other_is_refused_by_its_path(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentValueError, match=named) as refused:
        check_properties(VirtualMachine, change)
    assert refused.value.recommendations


@pytest.mark.parametrize(
    ("options", "named"),
    [({"set": ["nonsense"], "add": None}, "--set nonsense"), ({"set": None, "add": [["list"]]}, "--add list")],
)
def test_an_expression_without_a_value_is_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentValueError, match=named):
        check_expressions(options)


def test_an_expression_with_an_empty_value_passes() -> None:
    check_expressions({"set": ["tags.a="], "add": [["list", "a=b"]]})
