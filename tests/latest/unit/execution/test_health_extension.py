"""The check that instances have the Application Health extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.mgmt.compute.v2024_11_01 import models

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.health_extension import (
    check_gate,
    has_extension,
    instances_without_extension,
    shows_extension,
)
from azext_flexcompare.instances import Instance

Members = Callable[[], list[Instance]]


def world(sim: Simulator, **overrides: dict[str, Any]) -> list[str]:
    found = default_description(6)
    found["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        f"#{place[1:]}": each for place, each in overrides.items()
    }
    sim.reset(found)
    return sim.names("flex")


def machine(**parts: Any) -> Any:
    found = models.VirtualMachine(location="westeurope")
    found.instance_view = models.VirtualMachineInstanceView(**parts)
    return found


def test_the_state_of_an_instance_shows_the_extension() -> None:
    handler = models.VirtualMachineExtensionInstanceView(type="Microsoft.ManagedServices.ApplicationHealthWindows")
    assert shows_extension(machine(extensions=[handler]))
    other = models.VirtualMachineExtensionInstanceView(type="Microsoft.Azure.Extensions.CustomScript")
    assert not shows_extension(machine(extensions=[other]))
    assert not shows_extension(machine())
    assert not shows_extension(None)


def test_a_list_of_extensions_has_it_or_not() -> None:
    found = models.VirtualMachineExtension(location="westeurope", type_properties_type="ApplicationHealthLinux")
    assert has_extension([found])
    assert not has_extension([models.VirtualMachineExtension(location="westeurope")])
    assert not has_extension(None)


def test_instances_without_it_are_found_though_they_do_not_run(azure: Azure, members: Members, sim: Simulator) -> None:
    names = world(
        sim,
        n0={"extensions": ["ApplicationHealthLinux"]},
        n1={"extensions": ["ApplicationHealthLinux"], "powerState": "deallocated"},
        n2={"extensions": ["customScript"]},
    )
    assert [one.name for one in instances_without_extension(azure, members())] == names[2:]


def test_a_list_that_cannot_be_read_says_nothing(azure: Azure, members: Members, sim: Simulator) -> None:
    sim.add_fault({"action": "extensions", "fault": {"status": 403}})
    assert instances_without_extension(azure, members()) == []


def test_the_gate_of_application_health_needs_it(azure: Azure, members: Members, sim: Simulator) -> None:
    first, *others = world(sim, n0={"extensions": ["ApplicationHealthLinux"]})
    with pytest.raises(InvalidArgumentValueError, match=", ".join(others)) as refused:
        check_gate(azure, ("vm-agent", "app-health"), members())
    assert first not in str(refused.value)
    check_gate(azure, ("app-health",), members()[:1])
    check_gate(azure, ("vm-agent",), members())
    check_gate(azure, (), members())
