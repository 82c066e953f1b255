"""Resources of the network provider as their last writer left them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armsim.identifiers import guid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armsim.arm.operation_store import Operation

PROVIDER = "Microsoft.Network"
LOAD_BALANCER = f"{PROVIDER}/loadBalancers"
NIC = f"{PROVIDER}/networkInterfaces"
PUBLIC_IP = f"{PROVIDER}/publicIPAddresses"

Body = dict[str, Any]


@dataclass
class Document:
    """One resource; `body` is its writable part, `version` counts its writes, `owner` is the id of its VM, if any."""

    kind: str
    name: str
    group: str
    location: str
    id: str
    ordinal: int
    body: Body
    version: int = 0
    provisioning: str = "Succeeded"
    operation: Operation | None = None
    owner: str | None = None

    @property
    def etag(self) -> str:
        """The version as ARM writes it."""
        return f'W/"{guid(self.id, self.version)}"'

    @property
    def busy(self) -> bool:
        """Whether an operation runs."""
        return self.operation is not None and self.operation.status == "InProgress"

    def parts(self, kind: str) -> list[Body]:
        """Return the members of a list of parts: `inboundNatRules`, `ipConfigurations` ..."""
        parts: list[Body] = self.body["properties"].get(kind) or []
        return parts

    def part_id(self, kind: str, name: str) -> str:
        """Return the id of a part."""
        return f"{self.id}/{kind}/{name}"

    def has(self, identifier: str, kind: str) -> bool:
        """Return whether an id is that of one of the parts."""
        return any(self.part_id(kind, one["name"]).lower() == identifier.lower() for one in self.parts(kind))


Documents = dict[tuple[str, str], Document]


@dataclass
class Network:
    """All resources of the network provider; keys are group and name in lower case."""

    load_balancers: Documents = field(default_factory=dict)
    nics: Documents = field(default_factory=dict)
    public_ips: Documents = field(default_factory=dict)
    admin_states: dict[tuple[str, str], str] = field(default_factory=dict)
    """Administrative states as they were written last: by the ids of pool and IP configuration in lower case."""
    serving: dict[tuple[str, str], str] = field(default_factory=dict)
    """The same of those that have taken effect (see `rotation.py`)."""
    offered: set[tuple[str, str]] = field(default_factory=set)
    """Names of VMs and pools in whose rotation they are."""

    def documents(self, kind: str) -> Documents:
        """Return the resources of a type."""
        return {LOAD_BALANCER: self.load_balancers, NIC: self.nics, PUBLIC_IP: self.public_ips}[kind]

    def add(self, document: Document) -> None:
        """Add a resource."""
        self.documents(document.kind)[document.group.lower(), document.name.lower()] = document

    def release(self, owner: str) -> None:
        """Remove the NICs and public addresses of a VM that is gone, also from load balancers."""
        addresses = [key for key, one in self.public_ips.items() if one.owner and one.owner.lower() == owner.lower()]
        for key in addresses:
            del self.public_ips[key]
        for key in [key for key, nic in self.nics.items() if nic.owner and nic.owner.lower() == owner.lower()]:
            nic = self.nics.pop(key)
            self.touch({load_balancer.id for load_balancer in self.used_by(nic)})
            for states in (self.admin_states, self.serving):
                for member in [one for one in states if one[1].startswith(f"{nic.id.lower()}/")]:
                    del states[member]

    def forget_former_members(self) -> None:
        """Remove the administrative states of IP configurations that have left their pool."""
        members = {
            (pool, configuration.lower()) for (_, pool), users in self.users().items() for configuration in users
        }
        self.admin_states = {one: state for one, state in self.admin_states.items() if one in members}

    def touch(self, identifiers: set[str]) -> None:
        """Increase the version of load balancers, as a reference to them changed."""
        for load_balancer in self.load_balancers.values():
            load_balancer.version += load_balancer.id in identifiers

    def used_by(self, nic: Document) -> list[Document]:
        """Return the load balancers that a NIC refers to."""
        return self.owners({target for _, _, target in references(nic)})

    def owners(self, parts: set[str]) -> list[Document]:
        """Return the load balancers that the lower-case ids of some parts belong to."""
        wanted = {"/".join(part.split("/")[:9]) for part in parts}
        return [one for one in self.load_balancers.values() if one.id.lower() in wanted]

    def owners_of_configurations(self) -> dict[str, str]:
        """Return the name of the VM of each IP configuration, by its id in lower case."""
        return {
            nic.part_id("ipConfigurations", one["name"]).lower(): str(nic.owner).rpartition("/")[2]
            for nic in self.nics.values()
            if nic.owner
            for one in nic.parts("ipConfigurations")
        }

    def with_address(self, address: str | None) -> str | None:
        """Return the id of the IP configuration that has a private address."""
        for nic in self.nics.values():
            for configuration in nic.parts("ipConfigurations"):
                if address and configuration["properties"].get("privateIPAddress") == address:
                    return nic.part_id("ipConfigurations", configuration["name"])
        return None

    def users(self) -> dict[tuple[str, str], list[str]]:
        """Return which IP configurations refer to a pool or rule: by the kind of reference and its lower-case id."""
        found: dict[tuple[str, str], list[str]] = {}
        for nic in self.nics.values():
            for configuration, kind, target in references(nic):
                found.setdefault((kind, target), []).append(nic.part_id("ipConfigurations", configuration))
        return found


def references(nic: Document) -> Iterator[tuple[str, str, str]]:
    """Yield what a NIC's IP configurations refer to: configuration, kind of reference and lower-case id."""
    for configuration in nic.parts("ipConfigurations"):
        for kind in ("loadBalancerBackendAddressPools", "loadBalancerInboundNatRules"):
            for reference in configuration["properties"].get(kind) or []:
                yield configuration["name"], kind, str(reference.get("id", "")).lower()
