"""VMs as Azure shows them, of which the SDK's model is made only once something of it is read.

A list of thousands is read for a few members of each VM. What may be asked of one later is kept compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from azure.cli.core.azclierror import AzureResponseError
from azure.core.exceptions import DeserializationError

from azext_flexcompare.arm.responses import object_in
from azext_flexcompare.instances import HIBERNATED, Instance, ResourceId, ScaleSet
from azext_flexcompare.times import parse_utc

MODELS = 64  # that are kept at once: those of the instances that are being looked at
PROVISIONING = "provisioningstate/"
Deserialize = Callable[[str, Any], Any]


class Machine:
    """A VM; it has the attributes of the SDK's model of a VM."""

    __slots__ = ("_deserialize", "_packed", "provisioned")

    def __init__(self, body: Mapping[str, Any], deserialize: Deserialize) -> None:
        self._deserialize = deserialize
        self._packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)
        times = [one.get("time") for one in _statuses(body) if _code(one).lower().startswith(PROVISIONING)]
        self.provisioned = tuple(str(at) for at in map(parse_utc, times) if at)  # the times of its provisioning state

    @property
    def body(self) -> dict[str, Any]:
        """Return the VM as Azure wrote it."""
        body: dict[str, Any] = json.loads(zlib.decompress(self._packed))
        return body

    @property
    def scale_set_id(self) -> str:
        """Return the id of the scale set that it is in, or an empty string."""
        return set_id_of(self.body)

    @property
    def model(self) -> Any:
        """Return the SDK's model; raises AzureResponseError where the VM does not fit it."""
        return _model(self)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the model."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.model, name)

    def instance(self, scale_set: ScaleSet) -> Instance:
        """Return the instance of a scale set that it is."""
        return instance_of(self.body, scale_set, self)


def machine_of(client: Any, body: Mapping[str, Any]) -> Machine:
    """Return a VM by the answer that shows it, with the models of a compute client."""
    return Machine(body, _deserializer(client))


def instance_of(body: Mapping[str, Any], scale_set: ScaleSet, machine: Machine) -> Instance:
    """Return an instance by the body of its VM; raises ValueError where that describes none."""
    check_machine(body)
    properties, zones, tags = object_in(body, "properties"), body.get("zones"), body.get("tags")
    return Instance(
        ResourceId(body["id"]),
        body["name"],
        scale_set,
        zone=str(zones[0]) if zones and isinstance(zones, list) else None,
        fault_domain=_number(object_in(properties, "instanceView").get("platformFaultDomain")),
        power_state=power_state([_code(one) for one in _statuses(body)]),
        tags={key: str(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
        provisioning_state=_text(properties.get("provisioningState")),
        size=_text(object_in(properties, "hardwareProfile").get("vmSize")),
        location=_text(body.get("location")) or "",
        resource=machine,
        vm_id=_text(properties.get("vmId")),
    )


def check_machine(body: Any) -> None:
    """Raise ValueError where the body of an answer describes no VM."""
    told = [body.get(name) for name in ("id", "name", "properties")] if isinstance(body, dict) else []
    if [type(one) for one in told] != [str, str, dict]:
        raise ValueError("it describes no VM")


def power_state(codes: list[str]) -> str | None:
    """Find the power state, such as `running`, among the codes of the statuses of an instance view."""
    if any(code.lower() == "hibernationstate/hibernated" for code in codes):
        return HIBERNATED
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)


def set_id_of(body: Mapping[str, Any]) -> str:
    """Return the id of the scale set that a VM is in, or an empty string."""
    return _text(object_in(object_in(body, "properties"), "virtualMachineScaleSet").get("id")) or ""


@cache
def _deserializer(client: Any) -> Deserialize:
    found: Deserialize = client.virtual_machines._deserialize  # noqa: SLF001  (no method of a client takes a body)
    return found


@lru_cache(maxsize=MODELS)
def _model(machine: Machine) -> Any:
    try:
        return machine._deserialize("VirtualMachine", machine.body)  # noqa: SLF001
    except DeserializationError as error:
        raise AzureResponseError(f"Azure's answer about a VM cannot be read: {' '.join(str(error).split())}") from error


def _statuses(body: Mapping[str, Any]) -> list[Any]:
    found = object_in(object_in(body, "properties"), "instanceView").get("statuses")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _code(status: Mapping[str, Any]) -> str:
    return _text(status.get("code")) or ""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
