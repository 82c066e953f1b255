"""Which VMs a load balancer sends new connections to, and since when.

A pool's administrative state takes effect when its write has ended; until then, and from the moment on in which a write
that puts a VM back is accepted, the VM counts as being in rotation. So a client that does not wait is caught.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from armsim.network.documents import Body, Document, Network, references

if TYPE_CHECKING:
    from armsim.world.model import World

POOLS = "loadBalancerBackendAddressPools"
ADDRESSES = "loadBalancerBackendAddresses"
NONE, UP, DOWN = "None", "Up", "Down"
STATES = {one.lower(): one for one in (NONE, UP, DOWN)}


class Turn(NamedTuple):
    """A change: a VM came into the rotation of a pool, or left it; `moment` is like `began` of an interval."""

    vm: str
    pool: str
    in_rotation: bool
    moment: float


class Rotation:
    """Every such change since the last reset."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []

    def begin(self, network: Network, moment: float) -> None:
        """Record who is in rotation at first."""
        network.serving = dict(_members(network))
        self._note(network, moment)

    def accept(self, network: Network, moment: float) -> None:
        """Record what a write that is accepted may do at once: it puts VMs into rotation."""
        for key, state in _members(network):
            if state != DOWN or key not in network.serving:
                network.serving[key] = state
        self._note(network, moment)

    def end(self, network: Network, document: Document, moment: float) -> None:
        """Record what a write has done when it has ended."""
        own = f"{document.id.lower()}/"
        now = dict(_members(network))
        for key in {*network.serving, *now}:
            if any(part.startswith(own) for part in key):
                if key in now:
                    network.serving[key] = now[key]
                else:
                    network.serving.pop(key, None)
        self._note(network, moment)

    def read(self) -> list[Turn]:
        """Return them all, in their order."""
        return list(self._turns)

    def _note(self, network: Network, moment: float) -> None:
        pools = {pool for pool, _ in network.serving}
        used = {pool for pool in pools if has_traffic(network, pool)}
        obeying = {pool for pool in used if is_probed(network, pool)}
        owners = network.owners_of_configurations() if used else {}
        now = {
            (owners.get(configuration, ""), pool)
            for (pool, configuration), state in network.serving.items()
            if pool in used and not (state == DOWN and pool in obeying)
        }
        left, came = network.offered - now, now - network.offered
        self._turns += [Turn(vm, pool, in_rotation=False, moment=moment) for vm, pool in sorted(left)]
        self._turns += [Turn(vm, pool, in_rotation=True, moment=moment) for vm, pool in sorted(came)]
        network.offered = now


def has_traffic(network: Network, pool: str) -> bool:
    """Return whether a load balancing rule leads to a pool."""
    return bool(_rules(network, pool))


def is_probed(network: Network, pool: str) -> bool:
    """Return whether each load balancing rule of a pool has a health probe, without which no state takes effect."""
    return all(rule["properties"].get("probe") for rule in _rules(network, pool))


def nic_members(network: Network, pool: str) -> list[str]:
    """Return the IP configurations that refer to a pool, by its id in lower case."""
    return network.users().get((POOLS, pool), [])


def describe_backends(world: World) -> list[dict[str, Any]]:
    """Return each member of each pool, with its administrative state, its probe, and whether it gets connections."""
    network, described = world.network, []
    power = {vm.spec.name: vm.state.power for vm in world.vms.values()}
    owners = network.owners_of_configurations()
    for (pool, configuration), state in sorted(network.serving.items()):
        vm = owners.get(configuration, "")
        probe = UP if power.get(vm) == "running" else DOWN
        offered = (vm, pool) in network.offered
        answers = probe == UP or state == UP or not is_probed(network, pool)
        described.append(
            {"vm": vm, "pool": pool, "adminState": state, "probe": probe, "inRotation": offered and answers}
        )
    return described


def _rules(network: Network, pool: str) -> list[Body]:
    owner = pool.rsplit("/", 2)[0]
    return [
        rule
        for load_balancer in network.load_balancers.values()
        if load_balancer.id.lower() == owner
        for rule in load_balancer.parts("loadBalancingRules")
        if str((rule["properties"].get("backendAddressPool") or {}).get("id", "")).lower() == pool
    ]


def _members(network: Network) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield pool and IP configuration, both in lower case, and the administrative state as it was written last."""
    for nic in network.nics.values():
        for name, kind, pool in references(nic):
            configuration = nic.part_id("ipConfigurations", name).lower()
            if kind == POOLS:
                yield (pool, configuration), network.admin_states.get((pool, configuration), NONE)
    for load_balancer in network.load_balancers.values():
        for part in load_balancer.parts("backendAddressPools"):
            pool = load_balancer.part_id("backendAddressPools", part["name"]).lower()
            for address in part["properties"].get(ADDRESSES) or []:
                found = network.with_address(address["properties"].get("ipAddress"))
                if found:
                    yield (pool, found.lower()), address["properties"].get("adminState", NONE)
