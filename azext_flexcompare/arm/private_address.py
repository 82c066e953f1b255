"""The private addresses of instances, each read once from its first network interface."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.responses import NO_RETRY
from azext_flexcompare.instances import Instance, ResourceId

VERSION = "2024-01-01"


class PrivateAddresses:
    """The private addresses of instances; it is no error that one cannot be read."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.known: dict[ResourceId, str] = {}

    def of(self, instance: Instance) -> str:
        """Return the private address of an instance, or an empty text where it cannot be read."""
        if instance.id not in self.known:
            try:
                self.known[instance.id] = self._read(instance)
            except Exception:  # noqa: BLE001  (whatever keeps it from being read, it is not known)
                return ""
        return self.known[instance.id]

    def _read(self, instance: Instance) -> str:
        interfaces = instance.resource.network_profile.network_interfaces
        first = next((one for one in interfaces if one.primary), interfaces[0])
        interface: Any = self.azure.arm(instance.subscription).get(f"{first.id}?api-version={VERSION}", **NO_RETRY)
        configurations = [one["properties"] for one in interface["properties"]["ipConfigurations"]]
        return str(next((one for one in configurations if one.get("primary")), configurations[0])["privateIPAddress"])
