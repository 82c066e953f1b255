"""Scale sets, instances and outcomes as the extension passes them around."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.execution.health_gate import CHECKS, Gate
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status


def scale_set(name: str = "web", group: str = "rg", subscription: str = "s") -> ScaleSet:
    place = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    return ScaleSet(subscription, group, name, ResourceId(f"{place}/Microsoft.Compute/virtualMachineScaleSets/{name}"))


BUSY = Error("Conflict", "Busy.")
WEB, DB = scale_set("web"), scale_set("db", "db-rg")


def instance(name: str = "vm", scale_set: ScaleSet = WEB, **known: Any) -> Instance:
    """Return a running instance in zone 1 and fault domain 0, of which other things are `known`."""
    place = f"/subscriptions/{scale_set.subscription}/resourceGroups/{scale_set.resource_group}/providers"
    return Instance(
        id=ResourceId(f"{place}/Microsoft.Compute/virtualMachines/{name}"),
        name=name,
        scale_set=scale_set,
        zone="1",
        fault_domain=0,
        power_state="running",
        tags={"role": "web"},
        provisioning_state="Succeeded",
        size="Standard_B1s",
        location="westeurope",
        resource=None,
    )._replace(**known)


def outcome(
    name: str = "web_1", status: str = Status.FAILED, error: Error | None = BUSY, scale_set: ScaleSet = WEB
) -> Outcome[Instance]:
    return Outcome(instance(name, scale_set), status, error)


def a_gate(name: str, timeout: int, boots: bool = False) -> Gate:
    return Gate(name, timeout, (CHECKS[name],), boots)
