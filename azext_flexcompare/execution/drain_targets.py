"""The backend pools that instances are taken out of, and which addresses there are whose.

What cannot be taken out of rotation is refused here, before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from azure.cli.core.azclierror import InvalidArgumentValueError, ResourceNotFoundError, ValidationError

from azext_flexcompare.arm.backend_pools import (
    POOLS,
    Member,
    has_traffic_to_drain,
    members_of,
    others_in_rotation,
    why_not_drained,
)
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.network import (
    load_balancer_id,
    nic_ids,
    read_load_balancer,
    read_load_balancers,
    read_nics,
    read_pool,
)
from azext_flexcompare.arm.network_bodies import (
    Body,
    IpConfiguration,
    entries,
    find_ip_configuration,
    ip_configurations,
    same,
)
from azext_flexcompare.instances import Instance, ResourceId, last_name
from azext_flexcompare.planning.option_values import AUTO
from azext_flexcompare.times import count

LEAVE_OUT = "Name the pools that the instances are to leave, each as LB or LB/POOL."


class Target(NamedTuple):
    """A backend pool, as it was read, and the instance of each of its addresses that may leave it."""

    lb: Body
    pool: Body
    instances: Mapping[str, ResourceId]  # by the name of the address

    @property
    def name(self) -> str:
        """Return the names of the load balancer and the pool."""
        return f"{self.lb['name']}/{self.pool['name']}"

    def addresses_of(self, instances: Collection[ResourceId]) -> dict[str, ResourceId]:
        """Return the addresses of instances, each with its instance."""
        return {name: instance for name, instance in self.instances.items() if instance in instances}

    def is_emptied_by(self, leaving: Collection[ResourceId]) -> bool:
        """Check whether no member is left in rotation without these instances."""
        addresses = set(self.addresses_of(leaving))
        return bool(addresses) and not others_in_rotation(self.pool, addresses)

    def states(self) -> dict[ResourceId, list[Member]]:
        """Return the addresses of each instance."""
        found: dict[ResourceId, list[Member]] = {}
        for member in members_of(self.pool):
            if member.name in self.instances:
                found.setdefault(self.instances[member.name], []).append(member)
        return found


class _Owners:
    """The IP configurations of instances, by which a member of a pool has an owner."""

    def __init__(self, instances: Iterable[Instance], nics: Mapping[str, Body]) -> None:
        self.by_id: dict[str, ResourceId] = {}
        self.by_address: dict[str, list[tuple[IpConfiguration, ResourceId]]] = {}
        self.configurations: list[tuple[IpConfiguration, ResourceId]] = [
            (configuration, one.id)
            for one in instances
            for configuration in ip_configurations(one.name, nic_ids(one), dict(nics))
        ]
        for configuration, id_ in self.configurations:
            self.by_id[configuration.id.lower()] = id_
            own = find_ip_configuration(configuration.nic, configuration.id)["properties"]
            self.by_address.setdefault(own.get("privateIPAddress") or "", []).append((configuration, id_))

    def owner_of(self, member: Member) -> ResourceId | None:
        """Return the instance of a member, if it is one of these."""
        if member.ip_configuration:
            return self.by_id.get(member.ip_configuration.lower())
        same_address = self.by_address.get(member.ip_address or "", ())
        return next((id_ for configuration, id_ in same_address if member.leads_to(configuration)), None)

    def addresses_in(self, pool: Body) -> dict[str, ResourceId]:
        """Return the instance of each address of a pool that is one of theirs."""
        return {one.name: id_ for one in members_of(pool) if (id_ := self.owner_of(one))}

    def referring_to(self, pool_id: str) -> set[ResourceId]:
        """Return the instances of which a network interface refers to a pool."""
        return {id_ for configuration, id_ in self.configurations if pool_id.lower() in configuration.pools}

    def pools(self) -> set[str]:
        """Return the pools to which their network interfaces refer, in lower case."""
        return {pool for configuration, _ in self.configurations for pool in configuration.pools}

    def gateways(self) -> Iterator[str]:
        """Yield the pools of application gateways to which their network interfaces refer."""
        for configuration, _ in self.configurations:
            own = find_ip_configuration(configuration.nic, configuration.id)["properties"]
            yield from (one["id"] for one in own.get("applicationGatewayBackendAddressPools") or ())


def find_targets(
    azure: Azure,
    values: Sequence[str],
    instances: Sequence[Instance],
    option: str,
    *,
    strict: bool = True,
    some: bool = True,
) -> list[Target]:
    """Find the pools that instances are in: those of the values of an option, or with `auto` every one.

    Raises what is wrong with a value; if it is `strict`, the reason why a pool cannot take its members out of rotation;
    and if there must be `some`, that none of the instances is in the pools that are named.
    """
    there = [one for one in instances if one.resource is not None]
    if not there:
        return []
    owners = _Owners(there, read_nics(azure, there))
    auto = tuple(values) == (AUTO,)
    found = _all_targets(azure, there, owners) if auto else _named_targets(azure, values, there, owners, option=option)
    if some and not (found or auto):
        raise InvalidArgumentValueError(
            f"{option}: none of the {count(len(instances), 'chosen instance')} is in a backend pool of "
            f"{', '.join(values)} to which a load balancing rule leads.",
            recommendation=f"Name the load balancer of the instances, or use {AUTO}.",
        )
    targets = [_completed(azure, one, owners) for one in found]
    if strict:
        _check_gateways(owners if auto else None, option)
        _check(targets, owners, option)
    return targets


def _completed(azure: Azure, target: Target, owners: _Owners) -> Target:
    """Return a target as its pool shows it, where the load balancer does not show every address there."""
    if not _missing(target, owners) or why_not_drained(target.lb, target.pool):
        return target
    pool = read_pool(azure, target.pool["id"])
    return target._replace(pool=pool, instances=owners.addresses_in(pool))


def _missing(target: Target, owners: _Owners) -> set[ResourceId]:
    return owners.referring_to(target.pool["id"]) - set(target.instances.values())


def _check_gateways(owners: _Owners | None, option: str) -> None:
    for gateway in owners.gateways() if owners else ():
        raise ValidationError(
            f"{option}: backend pool {last_name(gateway)} of application gateway {gateway.split('/')[8]} has no "
            "administrative states, so that its instances cannot be taken out of rotation.",
            recommendation=LEAVE_OUT,
        )


def _check(targets: Sequence[Target], owners: _Owners, option: str) -> None:
    for one in targets:
        why = why_not_drained(one.lb, one.pool)
        if not why and (missing := _missing(one, owners)):
            why = f"it does not show the address of {last_name(min(missing))}"
        if why:
            raise ValidationError(
                f"{option}: backend pool {one.name} cannot take instances out of rotation: {why}.",
                recommendation=LEAVE_OUT,
            )


def _all_targets(azure: Azure, instances: Sequence[Instance], owners: _Owners) -> list[Target]:
    groups = {one.id.lower().partition("/providers/")[0]: one.id.partition("/providers/")[0] for one in instances}
    found = {lb["id"].lower(): lb for lb in read_load_balancers(azure, *groups.values())}
    for id_ in sorted({pool.rsplit("/", 2)[0] for pool in owners.pools()} - set(found)):
        found[id_] = read_load_balancer(azure, id_, "")
    targets = [target for lb in found.values() for target in _targets_of(lb, owners)]
    return [one for one in targets if has_traffic_to_drain(one.lb, one.pool)]


def _named_targets(
    azure: Azure, values: Sequence[str], instances: Sequence[Instance], owners: _Owners, *, option: str
) -> list[Target]:
    found: dict[str, Target] = {}
    for value in values:
        lb_name, pool_name = split_pool(value)
        lb = read_load_balancer(azure, load_balancer_id(instances, lb_name, option), f" ({option})")
        targets = [one for one in _targets_of(lb, owners) if pool_name is None or same(one.pool["name"], pool_name)]
        if pool_name and not any(same(one["name"], pool_name) for one in entries(lb, POOLS)):
            names = ", ".join(one["name"] for one in entries(lb, POOLS)) or "none"
            raise ResourceNotFoundError(
                f"{option}: load balancer {lb['name']} has no backend pool {pool_name}.",
                recommendation=f"Its pools: {names}.",
            )
        drained = [one for one in targets if pool_name or has_traffic_to_drain(lb, one.pool)]
        found |= {one.pool["id"].lower(): one for one in drained}
    return list(found.values())


def _targets_of(lb: Body, owners: _Owners) -> Iterator[Target]:
    """Yield each pool of a load balancer that has one of the instances; only their NICs tell those of a Basic one."""
    for pool in entries(lb, POOLS):
        owned = owners.addresses_in(pool)
        if owned or owners.referring_to(pool["id"]):
            yield Target(lb, pool, owned)


def split_pool(value: str) -> tuple[str, str | None]:
    """Split a value into the load balancer, by name or id, and the name of the pool, if it has one."""
    if not value.startswith("/"):
        lb_name, _, pool_name = value.partition("/")
        return lb_name, pool_name or None
    lb_id, *more = re.split(f"/{POOLS}/", value, maxsplit=1, flags=re.IGNORECASE)
    return lb_id, more[0] if more else None


def emptied(targets: Iterable[Target], leaving: Collection[ResourceId]) -> list[str]:
    """Return the names of the pools that would have no member in rotation without these instances."""
    return [one.name for one in targets if one.is_emptied_by(leaving)]
