"""Backend address pools: members, administrative states, and pools that have none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.arm.backend_pools import (
    has_traffic_to_drain,
    members_of,
    others_in_rotation,
    rules_to,
    why_not_drained,
    with_states,
)
from azext_flexcompare.arm.network_bodies import Body
from tests.latest.helpers.nat_bodies import LB, NETWORK, POOL, a_load_balancer, a_place

STATES = st.sampled_from([None, "None", "Up", "Down"])


def an_address(name: str, state: str | None = None, **properties: Any) -> Body:
    nic = {"id": f"{NETWORK}/networkInterfaces/{name}/ipConfigurations/one"}
    own = {"networkInterfaceIPConfiguration": nic, "provisioningState": "Succeeded", **properties}
    return {"name": name, "etag": 'W/"1"', "properties": {**own, **({"adminState": state} if state else {})}}


def a_pool(*addresses: Body, **properties: Any) -> Body:
    own = {"provisioningState": "Succeeded", "backendIPConfigurations": [{"id": "x"}], "syncMode": "Automatic"}
    return {
        "name": "pool",
        "id": POOL,
        "etag": 'W/"1"',
        "properties": {**own, "loadBalancerBackendAddresses": list(addresses), **properties},
    }


def a_rule(name: str, *, probe: bool = True, pool: str = POOL) -> Body:
    properties: Body = {"backendAddressPool": {"id": pool.upper()}}
    return {"name": name, "properties": {**properties, **({"probe": {"id": f"{LB}/probes/p"}} if probe else {})}}


@given(st.dictionaries(st.sampled_from("abcd"), STATES), st.dictionaries(st.sampled_from("abcde"), STATES.filter(bool)))
def test_only_the_states_that_are_set_change(before: dict[str, str | None], wanted: dict[str, str]) -> None:
    pool = a_pool(*(an_address(name, state) for name, state in before.items()))
    after = with_states(pool, wanted)
    expected = {name: wanted.get(name, state or "None") for name, state in before.items()}
    if after is None:
        assert expected == {name: state or "None" for name, state in before.items()}
        return
    assert {one.name: one.state for one in members_of(after)} == expected
    assert "etag" not in after
    assert set(after["properties"]) == {"loadBalancerBackendAddresses", "syncMode"}
    assert all(one.ip_configuration for one in members_of(after))
    assert [one.state for one in members_of(pool)] == [state or "None" for state in before.values()]


def test_a_member_leads_to_the_ip_configuration_that_it_names_or_whose_address_it_is() -> None:
    (by_nic,) = members_of(a_pool(an_address("vm")))
    assert by_nic.leads_to(a_place("VM"))
    assert not by_nic.leads_to(a_place("other"))
    network = {"virtualNetwork": {"id": "SUBNET"}, "networkInterfaceIPConfiguration": None}
    (by_address,) = members_of(a_pool(an_address("x", ipAddress="10.0.0.4", **network)))
    assert by_address.leads_to(a_place("vm"))
    for other in ({"ipAddress": "10.0.0.5"}, {"ipAddress": "10.0.0.4", "virtualNetwork": {"id": "sub"}}):
        (member,) = members_of(a_pool(an_address("x", **{**network, **other})))
        assert not member.leads_to(a_place("vm"))


def test_a_pool_is_drained_where_the_sku_is_standard_and_every_rule_has_a_probe() -> None:
    lb = a_load_balancer(loadBalancingRules=[a_rule("one"), a_rule("other", probe=False, pool=f"{POOL}2")])
    assert why_not_drained(lb, a_pool()) is None
    assert [one["name"] for one in rules_to(lb, a_pool())] == ["one"]
    lb["properties"]["loadBalancingRules"].append(a_rule("bare", probe=False))
    assert why_not_drained(lb, a_pool()) == "its load balancing rule bare has no health probe"


@pytest.mark.parametrize("sku", [{"name": "Basic"}, None])
def test_a_basic_load_balancer_has_no_states(sku: Body | None) -> None:
    assert "Basic SKU" in str(why_not_drained({**a_load_balancer(), "sku": sku}, a_pool()))


def test_a_pool_for_outbound_or_nat_rules_alone_has_no_connections_to_drain() -> None:
    lb = a_load_balancer(loadBalancingRules=[a_rule("one")])
    assert has_traffic_to_drain(lb, a_pool(outboundRules=[{"id": "o"}]))
    assert has_traffic_to_drain(a_load_balancer(), a_pool())
    for only in ({"outboundRules": [{"id": "o"}]}, {"outboundRule": {"id": "o"}}, {"inboundNatRules": [{"id": "n"}]}):
        assert not has_traffic_to_drain(a_load_balancer(), a_pool(**only))


def test_whoever_is_not_down_and_does_not_leave_is_left_in_rotation() -> None:
    pool = a_pool(an_address("a"), an_address("b", "Down"), an_address("c", "Up"))
    assert others_in_rotation(pool, {"a"})
    assert not others_in_rotation(pool, {"a", "c"})
