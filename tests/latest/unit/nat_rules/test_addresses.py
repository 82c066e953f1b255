"""How an instance is reached, by bodies that have been read."""

from __future__ import annotations

from types import SimpleNamespace as Bag
from typing import Any

import pytest

from azext_flexcompare.arm.network_bodies import Body
from azext_flexcompare.instances import Instance
from azext_flexcompare.nat_rules.addresses import (
    Endpoint,
    Reach,
    Surroundings,
    administrative_port,
    own_nics,
    public_address_ids,
    reach_of,
)
from tests.latest.helpers.factories import instance
from tests.latest.helpers.nat_bodies import NETWORK, OTHER_FRONT, POOL, a_load_balancer, a_nat_rule, a_nic, a_pool_rule

IP = f"{NETWORK}/publicIPAddresses/ip"
OWN = f"{NETWORK}/publicIPAddresses/own"
MAPPED = f"{NETWORK}/networkInterfaces/vm/ipConfigurations/one"


def with_nics(*nics: Body, primary: int = 0) -> Instance:
    references = [Bag(id=nic["id"].upper(), primary=place == primary) for place, nic in enumerate(nics)]
    return instance(resource=Bag(network_profile=Bag(network_interfaces=references)))


def an_address(id_: str, text: str | None) -> Body:
    return {"id": id_, "properties": {"ipAddress": text}}


def around(nic: Body, *rules: Body, pool: Any = None) -> Surroundings:
    lb = a_load_balancer(*rules)
    lb["properties"]["frontendIPConfigurations"][0]["properties"]["publicIPAddress"] = {"id": IP.upper()}
    lb["properties"]["backendAddressPools"][0]["properties"]["loadBalancerBackendAddresses"] = pool or []
    addresses = {IP.lower(): an_address(IP, "203.0.113.1"), OWN.lower(): an_address(OWN, "203.0.113.9")}
    return Surroundings({nic["id"].lower(): nic}, {lb["id"].lower(): lb}, addresses)


def test_a_rule_of_its_own_and_the_port_of_a_rule_over_its_pool() -> None:
    nic = a_nic("vm", "ssh")
    ports = [{"inboundNatRuleName": "v2", "frontendPort": 50007, "backendPort": 22}]
    mapped = {"properties": {"networkInterfaceIPConfiguration": {"id": MAPPED}, "inboundNatRulesPortMapping": ports}}
    found = reach_of(with_nics(nic), around(nic, a_nat_rule("ssh", 40000), a_pool_rule(50000, 50009), pool=[mapped]))
    assert [str(one) for one in found.rules] == ["203.0.113.1:40000", "203.0.113.1:50007"]
    assert (found.public, found.private) == ([], ["10.0.0.4"])


def test_a_rule_over_a_pool_without_a_known_port_leads_nowhere() -> None:
    nic = a_nic("vm")
    assert reach_of(with_nics(nic), around(nic, a_pool_rule(50000, 50009))).rules == []


def test_a_public_frontend_comes_before_a_private_one() -> None:
    nic = a_nic("vm", "inside", "outside")
    found = around(nic, a_nat_rule("inside", 1, front=OTHER_FRONT), a_nat_rule("outside", 2))
    lb = next(iter(found.load_balancers.values()))
    lb["properties"]["frontendIPConfigurations"].append(
        {"name": "other", "id": OTHER_FRONT, "properties": {"privateIPAddress": "10.0.0.100"}}
    )
    assert [str(one) for one in reach_of(with_nics(nic), found).rules] == ["203.0.113.1:2", "10.0.0.100:1"]


def test_addresses_of_its_own_those_of_the_fourth_version_first() -> None:
    nic = a_nic("vm", pools=())
    first = nic["properties"]["ipConfigurations"][0]
    sixth = {"id": "six", "properties": {"privateIPAddress": "fd00::4", "publicIPAddress": {"id": "gone"}}}
    nic["properties"]["ipConfigurations"] = [sixth, first]
    first["properties"]["publicIPAddress"] = {"id": OWN}
    found = reach_of(with_nics(nic), around(nic))
    assert (found.public, found.private) == (["203.0.113.9"], ["10.0.0.4", "fd00::4"])
    assert public_address_ids([nic], "ipConfigurations") == ["gone", OWN]


def test_the_primary_interface_comes_first_and_one_that_is_gone_not_at_all() -> None:
    one, other, gone = a_nic("one"), a_nic("other"), a_nic("gone")
    nics = {body["id"].lower(): body for body in (one, other)}
    assert own_nics(with_nics(one, other, gone, primary=1), nics) == [other, one]
    assert own_nics(instance(resource=Bag(network_profile=None)), nics) == []


RULES = [Endpoint("1.2.3.4", 8080, 80), Endpoint("1.2.3.4", 53, 22, is_tcp=False), Endpoint("1.2.3.4", 50000, 22)]


@pytest.mark.parametrize(
    ("reach", "first", "public"),
    [
        (Reach(RULES, ["5.6.7.8"], ["10.0.0.4"]), "1.2.3.4:50000", "1.2.3.4:50000"),
        (Reach(RULES[:2], ["5.6.7.8"], ["10.0.0.4"]), "5.6.7.8:22", "5.6.7.8:22"),
        (Reach(RULES[:2], [], ["10.0.0.4"]), "10.0.0.4:22", "1.2.3.4:8080"),
        (Reach([], [], ["fd00::4"]), "[fd00::4]:22", "None"),
        (Reach([], [], []), "None", "None"),
    ],
)
def test_an_endpoint_is_chosen_for_a_port(reach: Reach, first: str, public: str) -> None:
    assert (str(reach.endpoint(22)), str(reach.public_endpoint(22))) == (first, public)
    inside = reach.endpoint(22, private_first=True)
    assert not reach.private or (inside and inside.address) == reach.private[0]


@pytest.mark.parametrize(("system", "port"), [("Linux", 22), ("Windows", 3389), (None, 22)])
def test_each_system_has_the_port_by_which_it_is_administered(system: str | None, port: int) -> None:
    assert administrative_port(Bag(storage_profile=Bag(os_disk=Bag(os_type=system)))) == port
    assert administrative_port(Bag(storage_profile=None)) == 22


def test_a_rule_for_another_pool_is_not_its_own() -> None:
    nic = a_nic("vm", pools=(f"{POOL}2",))
    assert reach_of(with_nics(nic), around(nic, a_pool_rule(50000, 50009))).rules == []
