"""NAT rules and ports: which an instance gets, has, or loses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.arm.network_bodies import Body, EditError, IpConfiguration
from azext_flexcompare.nat_rules.bodies import Rule, add_reference, add_rules
from azext_flexcompare.nat_rules.rules import (
    LAST_PORT,
    Assignment,
    RuleRequest,
    assign_rules,
    created_rules,
    frontend_of,
    recommend_pool_rule,
    rules_leading_to,
    used_ports,
)
from tests.latest.helpers.nat_bodies import (
    FRONT,
    LB,
    OTHER_FRONT,
    POOL,
    a_load_balancer,
    a_nat_rule,
    a_place,
    a_pool_rule,
    places,
)

SSH = RuleRequest(22, 50000)


def after(lb: Body, grants: list[Assignment]) -> Body:
    """What Azure has once the load balancer's PUT has ended."""
    written = add_rules(lb, [one.rule for one in grants if not one.exists]) or lb
    for entry in written["properties"]["inboundNatRules"]:
        entry.setdefault("id", f"{LB}/inboundNatRules/{entry['name']}")
    return {"name": "lb", **written}


def attached(place: IpConfiguration, rule: Rule) -> IpConfiguration:
    written = add_reference(place.nic, place.id, rule.id)
    assert written
    return place._replace(nic={"name": place.nic["name"], **written})


def new(lb: Body, *there: IpConfiguration, request: RuleRequest = SSH) -> list[tuple[str, int | None]]:
    return [(one.rule.name, one.rule.port) for one in assign_rules(lb, there, request) if not one.exists]


# ports

PORTS = st.integers(1, LAST_PORT)
NEAR = st.integers(1, 40)
SPANS = st.tuples(NEAR, NEAR).map(lambda pair: {"frontendPortRangeStart": min(pair), "frontendPortRangeEnd": max(pair)})
PROTOCOLS = st.sampled_from(["Tcp", "Udp", "All"])
FRONTS = st.sampled_from([FRONT, FRONT.upper(), OTHER_FRONT])


@st.composite
def crowded(draw: st.DrawFn) -> Body:
    """A load balancer whose first forty ports are partly taken, in every way that there is."""
    ends = st.one_of(NEAR.map(lambda port: {"frontendPort": port}), SPANS)

    def entries(kind: str) -> list[Body]:
        found = draw(st.lists(st.tuples(ends, PROTOCOLS, FRONTS), max_size=4))
        return [
            {
                **a_nat_rule(f"{kind}{number}", 0, front=front, backendPort=9),
                "properties": {"frontendIPConfiguration": {"id": front}, "protocol": protocol, **port},
            }
            for number, (port, protocol, front) in enumerate(found)
        ]

    return a_load_balancer(
        inboundNatRules=entries("rule"), inboundNatPools=entries("pool"), loadBalancingRules=entries("lbrule")
    )


def collides(one: Body, port: int, protocol: str) -> bool:
    properties = one["properties"]
    first = properties.get("frontendPortRangeStart", properties.get("frontendPort"))
    last = properties.get("frontendPortRangeEnd", first)
    alike = "All" in (protocol, properties["protocol"]) or protocol == properties["protocol"]
    return bool(
        alike and properties["frontendIPConfiguration"]["id"].lower() == FRONT.lower() and first <= port <= last
    )


@given(crowded(), st.integers(0, 12), NEAR, PROTOCOLS)
def test_no_port_is_ever_given_that_anything_has(lb: Body, count: int, first: int, protocol: str) -> None:
    grants = assign_rules(lb, places(count), RuleRequest(22, first, None, protocol))
    ports = [one.rule.port for one in grants]
    there = [
        one for kind in ("inboundNatRules", "inboundNatPools", "loadBalancingRules") for one in lb["properties"][kind]
    ]
    assert len(set(ports)) == count
    assert all(port is not None and first <= port <= LAST_PORT for port in ports)
    assert not [one for one in there for port in ports if collides(one, port or 0, protocol)]


@given(crowded(), st.integers(1, 12), NEAR, PROTOCOLS)
def test_ports_are_given_in_the_order_of_the_instances_and_leave_no_free_one_out(
    lb: Body, count: int, first: int, protocol: str
) -> None:
    ports = [one.rule.port or 0 for one in assign_rules(lb, places(count), RuleRequest(22, first, None, protocol))]
    assert ports == sorted(ports)
    passed_over = set(range(first, ports[-1])) - set(ports)
    assert passed_over <= used_ports(lb, FRONT, protocol)


@given(crowded(), st.integers(0, 8), st.integers(0, 8), NEAR, PROTOCOLS)
def test_what_is_done_is_found_again_and_keeps_its_port(
    lb: Body, written: int, referred: int, first: int, protocol: str
) -> None:
    request = RuleRequest(22, first, None, protocol)
    before = assign_rules(lb, places(written), request)
    lb = after(lb, before)
    there = [
        attached(p, g.rule) if n < referred else p for n, (p, g) in enumerate(zip(places(written), before, strict=True))
    ]
    again = assign_rules(lb, there, request)
    assert [one.rule[:6] for one in again] == [one.rule[:6] for one in before]
    assert all(one.exists for one in again)
    assert [one.referenced for one in again] == [number < referred for number in range(written)]


@given(st.integers(1, 30), PORTS)
def test_a_port_beyond_the_last_is_never_given(count: int, first: int) -> None:
    request = RuleRequest(22, first)
    if first + count - 1 > LAST_PORT:
        with pytest.raises(EditError, match=f"{count} ports are needed"):
            assign_rules(a_load_balancer(), places(count), request)
    else:
        assert [one.rule.port for one in assign_rules(a_load_balancer(), places(count), request)] == [
            *range(first, first + count)
        ]


def test_the_last_port_of_azure_is_given_and_none_beyond_it() -> None:
    assert new(a_load_balancer(), *places(1), request=RuleRequest(22, 65534)) == [("vm0-22", 65534)]
    with pytest.raises(EditError, match="only 0 are free"):
        new(a_load_balancer(), *places(1), request=RuleRequest(22, 65535))


@pytest.mark.parametrize("protocol", ["Tcp", "Udp", "All"])
@pytest.mark.parametrize("theirs", ["Tcp", "Udp", "All"])
def test_a_port_is_taken_by_its_own_protocol_and_by_all(protocol: str, theirs: str) -> None:
    lb = a_load_balancer(a_nat_rule("x", 50000, protocol=theirs, backendPort=1))
    given = assign_rules(lb, places(1), RuleRequest(22, 50000, None, protocol))[0].rule.port
    assert given == (50001 if protocol == theirs or "All" in (protocol, theirs) else 50000)


def test_a_port_of_another_frontend_is_free() -> None:
    assert not used_ports(a_load_balancer(a_nat_rule("x", 50000, front=OTHER_FRONT)), FRONT, "Tcp")


def test_a_load_balancing_rule_for_any_port_takes_none() -> None:
    anything = {"properties": {"frontendIPConfiguration": {"id": FRONT}, "protocol": "All", "frontendPort": 0}}
    assert not used_ports(a_load_balancer(loadBalancingRules=[anything]), FRONT, "Tcp")


# rules


@pytest.mark.parametrize(("protocol", "name"), [("Tcp", "vm0-22"), ("Udp", "vm0-22-udp"), ("All", "vm0-22-all")])
def test_a_rule_is_named_after_its_instance_and_port(protocol: str, name: str) -> None:
    assert new(a_load_balancer(), *places(1), request=RuleRequest(22, 50000, None, protocol)) == [(name, 50000)]


def test_a_rule_by_any_name_to_which_the_nic_refers_is_kept_with_its_port() -> None:
    [found] = assign_rules(a_load_balancer(a_nat_rule("SSH", 4022)), [a_place("vm0", "ssh")], SSH)
    assert (found.rule.name, found.rule.port, found.exists, found.referenced) == ("SSH", 4022, True, True)


@pytest.mark.parametrize("change", [{"backendPort": 80}, {"protocol": "Udp"}])
def test_a_rule_for_another_port_or_protocol_does_not_count(change: dict[str, Any]) -> None:
    lb = a_load_balancer(a_nat_rule("x", 4022, **change))
    assert new(lb, a_place("vm0", "x")) == [("vm0-22", 50000)]


def test_a_rule_over_a_pool_does_not_count_as_the_instances_own() -> None:
    assert new(a_load_balancer(a_pool_rule(50000, 50009)), a_place("vm0", "v2")) == [("vm0-22", 50010)]


def test_a_rule_that_leads_nowhere_yet_is_taken_up_again() -> None:
    [found] = assign_rules(a_load_balancer(a_nat_rule("vm0-22", 50007)), places(1), SSH)
    assert (found.rule.port, found.exists, found.referenced) == (50007, True, False)


def test_a_rule_of_that_name_that_leads_elsewhere_is_left_alone() -> None:
    lb = a_load_balancer(a_nat_rule("VM0-22", 50000, to="another"), a_nat_rule("vm0-22-2", 50001, to="third"))
    assert new(lb, *places(1)) == [("vm0-22-3", 50002)]


def test_namesakes_get_a_rule_each() -> None:
    twins = [a_place("vm0"), a_place("vm0")]
    assert new(a_load_balancer(), *twins) == [("vm0-22", 50000), ("vm0-22-2", 50001)]
    stray = a_load_balancer(a_nat_rule("vm0-22", 50000))
    assert [one.rule.name for one in assign_rules(stray, twins, SSH)] == ["vm0-22", "vm0-22-2"]


def test_the_only_frontend_need_not_be_named() -> None:
    assert frontend_of(a_load_balancer(), None)["id"] == FRONT
    assert frontend_of(a_load_balancer(), "FRONT")["id"] == FRONT


def test_an_unknown_frontend_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(EditError, match="no frontend called back") as caught:
        frontend_of(a_load_balancer(), "back")
    assert "front" in caught.value.recommendation


def test_several_frontends_must_be_chosen_from() -> None:
    lb = a_load_balancer(frontendIPConfigurations=[{"name": "a", "id": "a"}, {"name": "b", "id": "b"}])
    with pytest.raises(EditError, match="has 2 frontends") as caught:
        frontend_of(lb, None)
    assert "a, b" in caught.value.recommendation


# which rules are ours


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("VM0-22", {}),
        ("vm0-22-2", {}),
        ("vm0-22-udp", {"protocol": "Udp"}),
        ("vm0-80", {"backendPort": 80}),
        ("vm0-22", {"backendIPConfiguration": {"id": a_place("vm0").id.upper()}}),
    ],
)
def test_a_rule_that_was_made_here_is_known_again(name: str, properties: dict[str, Any]) -> None:
    assert created_rules(a_load_balancer(a_nat_rule(name, 1, **properties)), a_place("vm0"), None)


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("ssh", {}),
        ("vm01-22", {}),
        ("vm0-22-x", {}),
        ("vm0-22-udp", {}),
        ("vm0-22", {"backendPort": 80}),
        ("vm0-22", {"backendIPConfiguration": {"id": "another"}}),
        ("vm0-22", {"backendAddressPool": {"id": POOL}}),
    ],
)
def test_a_rule_that_was_not_made_here_stays(name: str, properties: dict[str, Any]) -> None:
    lb = a_load_balancer(a_nat_rule(name, 1, **properties))
    assert not created_rules(lb, a_place("vm0", name), None)


def test_a_backend_port_narrows_what_is_taken_away() -> None:
    lb = a_load_balancer(a_nat_rule("vm0-22", 1), a_nat_rule("vm0-80", 2, backendPort=80))
    assert [rule.name for rule in created_rules(lb, a_place("vm0"), 80)] == ["vm0-80"]


# what leads to an instance


def test_every_rule_that_leads_to_an_instance_is_found() -> None:
    place = a_place("vm0", "named")
    lb = a_load_balancer(a_nat_rule("NAMED", 1), a_nat_rule("told", 2, to=place.id), a_nat_rule("others", 3, to="x"))
    assert [rule.name for rule in rules_leading_to(lb, place)] == ["NAMED", "told"]


def a_mapping(place: IpConfiguration) -> Body:
    ports = [{"inboundNatRuleName": "v2", "frontendPort": 50003, "backendPort": 22}]
    configuration = {"id": place.id}
    return {"properties": {"networkInterfaceIPConfiguration": configuration, "inboundNatRulesPortMapping": ports}}


@pytest.mark.parametrize(("told", "port"), [(True, 50003), (False, None)])
def test_a_rule_over_a_pool_leads_to_its_machines_by_the_port_that_azure_tells(told: bool, port: int | None) -> None:
    place = a_place("vm0")
    addresses = [a_mapping(place)] if told else []
    pool = {"name": "pool", "id": POOL, "properties": {"loadBalancerBackendAddresses": addresses}}
    lb = a_load_balancer(a_pool_rule(50000, 50009), backendAddressPools=[pool])
    assert [(rule.name, rule.port) for rule in rules_leading_to(lb, place)] == [("v2", port)]
    assert not rules_leading_to(lb, a_place("vm1", pools=()))


def test_one_rule_over_a_pool_is_advised_where_all_instances_share_the_pool() -> None:
    assert "One NAT rule v2 for the pool" in (recommend_pool_rule(a_load_balancer(), places(2), SSH) or "")
    assert "--frontend-port-range-start" in (recommend_pool_rule(a_load_balancer(), places(2), SSH) or "")


def test_nothing_is_advised_for_one_instance_or_where_one_is_in_no_pool() -> None:
    assert recommend_pool_rule(a_load_balancer(), places(1), SSH) is None
    assert recommend_pool_rule(a_load_balancer(), [*places(1), a_place("vm1", pools=())], SSH) is None


def test_an_existing_pool_rule_for_the_port_is_named() -> None:
    assert "v2 (v2) already leads to port 22" in (
        recommend_pool_rule(a_load_balancer(a_pool_rule(1, 9)), places(2), SSH) or ""
    )
    assert "--frontend-port-range-start" in (
        recommend_pool_rule(a_load_balancer(a_pool_rule(1, 9, backendPort=80)), places(2), SSH) or ""
    )
