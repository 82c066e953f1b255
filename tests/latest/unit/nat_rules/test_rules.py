"""Are NAT rules and ports planned without a collision, and bodies changed in nothing else?"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.nat_rules.rules import (
    LAST_PORT,
    Body,
    Grant,
    Place,
    Rule,
    RuleError,
    Wish,
    advice,
    every_place,
    frontend_of,
    grant,
    leading_to,
    not_referring,
    ours,
    place_of,
    referring,
    rules_of,
    taken,
    with_rules,
    without_rules,
)

NETWORK = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network"
LB = f"{NETWORK}/loadBalancers/lb"
FRONT, OTHER_FRONT = f"{LB}/frontendIPConfigurations/front", f"{LB}/frontendIPConfigurations/other"
POOL = f"{LB}/backendAddressPools/pool"
SSH = Wish(22, 50000)


def a_nat_rule(name: str, port: int, *, to: str | None = None, front: str = FRONT, **properties: Any) -> Body:
    return {
        "name": name,
        "id": f"{LB}/inboundNatRules/{name}",
        "etag": 'W/"1"',
        "type": "Microsoft.Network/loadBalancers/inboundNatRules",
        "properties": {
            "provisioningState": "Succeeded",
            "frontendIPConfiguration": {"id": front},
            "frontendPort": port,
            "backendPort": 22,
            "protocol": "Tcp",
            "enableTcpReset": True,
            **({"backendIPConfiguration": {"id": to}} if to else {}),
            **properties,
        },
    }


def a_pool_rule(first: int, last: int, **properties: Any) -> Body:
    span = {"frontendPortRangeStart": first, "frontendPortRangeEnd": last, "backendAddressPool": {"id": POOL}}
    return a_nat_rule("v2", 0, **span, **properties)


def a_load_balancer(*rules: Body, **properties: Any) -> Body:
    return {
        "name": "lb",
        "id": LB,
        "etag": 'W/"1"',
        "type": "Microsoft.Network/loadBalancers",
        "location": "westeurope",
        "tags": {"type": "kept", "etag": "kept"},
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": "g",
            "frontendIPConfigurations": [
                {
                    "name": "front",
                    "id": FRONT,
                    "etag": 'W/"1"',
                    "zones": ["1"],
                    "properties": {
                        "provisioningState": "Succeeded",
                        "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/ip"},
                        "inboundNatRules": [{"id": rule["id"]} for rule in rules],
                    },
                }
            ],
            "backendAddressPools": [{"name": "pool", "id": POOL, "etag": 'W/"1"', "properties": {}}],
            "inboundNatRules": list(rules),
            **properties,
        },
    }


def a_nic(name: str, *rules: str, pools: tuple[str, ...] = (POOL,)) -> Body:
    nic = f"{NETWORK}/networkInterfaces/{name}"
    return {
        "name": name,
        "id": nic,
        "etag": 'W/"1"',
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "macAddress": "00",
            "enableIPForwarding": False,
            "virtualMachine": {"id": "vm"},
            "networkSecurityGroup": {"id": "nsg"},
            "ipConfigurations": [
                {
                    "name": "one",
                    "id": f"{nic}/ipConfigurations/one",
                    "etag": 'W/"1"',
                    "properties": {
                        "primary": True,
                        "provisioningState": "Succeeded",
                        "privateIPAddress": "10.0.0.4",
                        "subnet": {"id": "subnet"},
                        "loadBalancerBackendAddressPools": [{"id": pool} for pool in pools],
                        "loadBalancerInboundNatRules": [{"id": f"{LB}/inboundNatRules/{rule}"} for rule in rules],
                    },
                }
            ],
        },
    }


def a_place(name: str, *rules: str, pools: tuple[str, ...] = (POOL,)) -> Place:
    nic = a_nic(name, *rules, pools=pools)
    return Place(name, nic, f"{nic['id']}/ipConfigurations/one")


def places(count: int) -> list[Place]:
    return [a_place(f"vm{number}") for number in range(count)]


def after(lb: Body, grants: list[Grant]) -> Body:
    """What Azure has once the load balancer's PUT has ended."""
    written = with_rules(lb, [one.rule for one in grants if not one.there]) or lb
    for entry in written["properties"]["inboundNatRules"]:
        entry.setdefault("id", f"{LB}/inboundNatRules/{entry['name']}")
    return {"name": "lb", **written}


def attached(place: Place, rule: Rule) -> Place:
    written = referring(place.nic, place.configuration, rule.id)
    assert written
    return place._replace(nic={"name": place.nic["name"], **written})


def new(lb: Body, *there: Place, wish: Wish = SSH) -> list[tuple[str, int | None]]:
    return [(one.rule.name, one.rule.port) for one in grant(lb, there, wish) if not one.there]


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
    grants = grant(lb, places(count), Wish(22, first, None, protocol))
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
    ports = [one.rule.port or 0 for one in grant(lb, places(count), Wish(22, first, None, protocol))]
    assert ports == sorted(ports)
    passed_over = set(range(first, ports[-1])) - set(ports)
    assert passed_over <= taken(lb, FRONT, protocol)


@given(crowded(), st.integers(0, 8), st.integers(0, 8), NEAR, PROTOCOLS)
def test_what_is_done_is_found_again_and_keeps_its_port(
    lb: Body, written: int, referred: int, first: int, protocol: str
) -> None:
    wish = Wish(22, first, None, protocol)
    before = grant(lb, places(written), wish)
    lb = after(lb, before)
    there = [
        attached(p, g.rule) if n < referred else p for n, (p, g) in enumerate(zip(places(written), before, strict=True))
    ]
    again = grant(lb, there, wish)
    assert [one.rule[:6] for one in again] == [one.rule[:6] for one in before]
    assert all(one.there for one in again)
    assert [one.referred for one in again] == [number < referred for number in range(written)]


@given(st.integers(1, 30), PORTS)
def test_a_port_beyond_the_last_is_never_given(count: int, first: int) -> None:
    wish = Wish(22, first)
    if first + count - 1 > LAST_PORT:
        with pytest.raises(RuleError, match=f"{count} ports are needed"):
            grant(a_load_balancer(), places(count), wish)
    else:
        assert [one.rule.port for one in grant(a_load_balancer(), places(count), wish)] == [
            *range(first, first + count)
        ]


def test_the_last_port_of_azure_is_given_and_none_beyond_it() -> None:
    assert new(a_load_balancer(), *places(1), wish=Wish(22, 65534)) == [("vm0-22", 65534)]
    with pytest.raises(RuleError, match="only 0 are free"):
        new(a_load_balancer(), *places(1), wish=Wish(22, 65535))


@pytest.mark.parametrize("protocol", ["Tcp", "Udp", "All"])
@pytest.mark.parametrize("theirs", ["Tcp", "Udp", "All"])
def test_a_port_is_taken_by_its_own_protocol_and_by_all(protocol: str, theirs: str) -> None:
    lb = a_load_balancer(a_nat_rule("x", 50000, protocol=theirs, backendPort=1))
    given = grant(lb, places(1), Wish(22, 50000, None, protocol))[0].rule.port
    assert given == (50001 if protocol == theirs or "All" in (protocol, theirs) else 50000)


def test_a_port_of_another_frontend_is_free() -> None:
    assert not taken(a_load_balancer(a_nat_rule("x", 50000, front=OTHER_FRONT)), FRONT, "Tcp")


def test_a_load_balancing_rule_for_any_port_takes_none() -> None:
    anything = {"properties": {"frontendIPConfiguration": {"id": FRONT}, "protocol": "All", "frontendPort": 0}}
    assert not taken(a_load_balancer(loadBalancingRules=[anything]), FRONT, "Tcp")


# rules


@pytest.mark.parametrize(("protocol", "name"), [("Tcp", "vm0-22"), ("Udp", "vm0-22-udp"), ("All", "vm0-22-all")])
def test_a_rule_is_named_after_its_instance_and_port(protocol: str, name: str) -> None:
    assert new(a_load_balancer(), *places(1), wish=Wish(22, 50000, None, protocol)) == [(name, 50000)]


def test_a_rule_by_any_name_to_which_the_nic_refers_is_kept_with_its_port() -> None:
    [found] = grant(a_load_balancer(a_nat_rule("SSH", 4022)), [a_place("vm0", "ssh")], SSH)
    assert (found.rule.name, found.rule.port, found.there, found.referred) == ("SSH", 4022, True, True)


@pytest.mark.parametrize("change", [{"backendPort": 80}, {"protocol": "Udp"}])
def test_a_rule_for_another_port_or_protocol_does_not_count(change: dict[str, Any]) -> None:
    lb = a_load_balancer(a_nat_rule("x", 4022, **change))
    assert new(lb, a_place("vm0", "x")) == [("vm0-22", 50000)]


def test_a_rule_over_a_pool_does_not_count_as_the_instances_own() -> None:
    assert new(a_load_balancer(a_pool_rule(50000, 50009)), a_place("vm0", "v2")) == [("vm0-22", 50010)]


def test_a_rule_that_leads_nowhere_yet_is_taken_up_again() -> None:
    [found] = grant(a_load_balancer(a_nat_rule("vm0-22", 50007)), places(1), SSH)
    assert (found.rule.port, found.there, found.referred) == (50007, True, False)


def test_a_rule_of_that_name_that_leads_elsewhere_is_left_alone() -> None:
    lb = a_load_balancer(a_nat_rule("VM0-22", 50000, to="another"), a_nat_rule("vm0-22-2", 50001, to="third"))
    assert new(lb, *places(1)) == [("vm0-22-3", 50002)]


def test_namesakes_get_a_rule_each() -> None:
    twins = [a_place("vm0"), a_place("vm0")]
    assert new(a_load_balancer(), *twins) == [("vm0-22", 50000), ("vm0-22-2", 50001)]
    stray = a_load_balancer(a_nat_rule("vm0-22", 50000))
    assert [one.rule.name for one in grant(stray, twins, SSH)] == ["vm0-22", "vm0-22-2"]


def test_the_only_frontend_need_not_be_named() -> None:
    assert frontend_of(a_load_balancer(), None)["id"] == FRONT
    assert frontend_of(a_load_balancer(), "FRONT")["id"] == FRONT


def test_an_unknown_frontend_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(RuleError, match="no frontend called back") as caught:
        frontend_of(a_load_balancer(), "back")
    assert "front" in caught.value.helps


def test_several_frontends_must_be_chosen_from() -> None:
    lb = a_load_balancer(frontendIPConfigurations=[{"name": "a", "id": "a"}, {"name": "b", "id": "b"}])
    with pytest.raises(RuleError, match="has 2 frontends") as caught:
        frontend_of(lb, None)
    assert "a, b" in caught.value.helps


# bodies

READ_ONLY = {"provisioningState", "resourceGuid", "macAddress", "virtualMachine", "etag", "type", "name"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        yield path, value
        return
    for key, one in entries:
        yield from leaves(one, (*path, key))


def kept(body: Body, written: Body, *, but: str) -> None:
    """Everything that may be written is as it was, except under one key."""
    before, now = dict(leaves(body)), dict(leaves(written))
    gone = {path for path in before if path not in now and but not in path}
    assert {path[-1] if path[-1] != "id" else path[-2] for path in gone} <= READ_ONLY
    assert {path: value for path, value in now.items() if but not in path}.items() <= before.items()


def nat_rules(body: Body) -> dict[str, Any]:
    return {one["name"]: one["properties"] for one in body["properties"]["inboundNatRules"]}


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


@given(NAMES, st.integers(1, 5))
def test_rules_are_added_and_nothing_else_of_a_load_balancer_changes(names: list[str], count: int) -> None:
    lb = a_load_balancer(*(a_nat_rule(name, 100 + number, to="x") for number, name in enumerate(names)))
    untouched = copy.deepcopy(lb)
    written = with_rules(lb, [one.rule for one in grant(lb, places(count), SSH)])
    assert lb == untouched
    assert written
    kept(lb, written, but="inboundNatRules")
    assert [*nat_rules(written)] == [*names, *(f"vm{number}-22" for number in range(count))]
    for name in names:
        theirs = {**nat_rules(lb)[name]}
        del theirs["provisioningState"], theirs["backendIPConfiguration"]
        assert nat_rules(written)[name] == theirs
    assert nat_rules(written)["vm0-22"] == {
        "frontendIPConfiguration": {"id": FRONT},
        "protocol": "Tcp",
        "frontendPort": 50000,
        "backendPort": 22,
    }


@given(NAMES, NAMES)
def test_rules_are_removed_and_nothing_else_of_a_load_balancer_changes(names: list[str], gone: list[str]) -> None:
    lb = a_load_balancer(*(a_nat_rule(name, 100 + number) for number, name in enumerate(names)))
    written = without_rules(lb, rules_of(a_load_balancer(*(a_nat_rule(n, 1) for n in gone))))
    assert (written is None) is not bool(set(names) & set(gone))
    if written:
        kept(lb, written, but="inboundNatRules")
        assert [*nat_rules(written)] == [name for name in names if name not in gone]


def test_a_frontend_is_not_sent_what_it_says_of_rules_and_tags_are() -> None:
    written = without_rules(a_load_balancer(a_nat_rule("x", 1)), rules_of(a_load_balancer(a_nat_rule("x", 1))))
    assert written
    assert written["properties"]["frontendIPConfigurations"][0] == {
        "name": "front",
        "id": FRONT,
        "zones": ["1"],
        "properties": {"publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/ip"}},
    }
    assert written["tags"] == {"type": "kept", "etag": "kept"}


def test_a_load_balancer_to_which_nothing_is_added_is_not_written() -> None:
    assert with_rules(a_load_balancer(), []) is None


@given(NAMES, st.sampled_from("abcdefghx"))
def test_a_reference_is_added_and_nothing_else_of_a_nic_changes(names: list[str], rule: str) -> None:
    place = a_place("vm0", *names)
    written = referring(place.nic, place.configuration.upper(), f"{LB}/inboundNatRules/{rule}".upper())
    assert (written is None) is (rule in names)
    if written:
        kept(place.nic, written, but="loadBalancerInboundNatRules")
        assert Place("vm0", written, place.configuration).rules == place.rules | {
            f"{LB}/inboundNatRules/{rule}".lower()
        }


@given(NAMES, NAMES)
def test_references_are_dropped_and_nothing_else_of_a_nic_changes(names: list[str], gone: list[str]) -> None:
    place = a_place("vm0", *names)
    written = not_referring(place.nic, place.configuration, [f"{LB}/INBOUNDNATRULES/{one}" for one in gone])
    assert (written is None) is not bool(set(names) & set(gone))
    if written:
        kept(place.nic, written, but="loadBalancerInboundNatRules")
        assert Place("vm0", written, place.configuration).rules == a_place("vm0", *set(names) - set(gone)).rules


def test_a_nic_whose_configuration_is_gone_is_an_error() -> None:
    with pytest.raises(RuleError, match="no configuration two any more"):
        referring(a_nic("vm0"), "x/two", "rule")


# which rules are ours


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("VM0-22", {}),
        ("vm0-22-2", {}),
        ("vm0-22-udp", {"protocol": "Udp"}),
        ("vm0-80", {"backendPort": 80}),
        ("vm0-22", {"backendIPConfiguration": {"id": a_place("vm0").configuration.upper()}}),
    ],
)
def test_a_rule_that_was_made_here_is_known_again(name: str, properties: dict[str, Any]) -> None:
    assert ours(a_load_balancer(a_nat_rule(name, 1, **properties)), a_place("vm0"), None)


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
    assert not ours(lb, a_place("vm0", name), None)


def test_a_backend_port_narrows_what_is_taken_away() -> None:
    lb = a_load_balancer(a_nat_rule("vm0-22", 1), a_nat_rule("vm0-80", 2, backendPort=80))
    assert [rule.name for rule in ours(lb, a_place("vm0"), 80)] == ["vm0-80"]


# what leads to an instance


def test_every_rule_that_leads_to_an_instance_is_found() -> None:
    place = a_place("vm0", "named")
    lb = a_load_balancer(
        a_nat_rule("NAMED", 1), a_nat_rule("told", 2, to=place.configuration), a_nat_rule("others", 3, to="x")
    )
    assert [rule.name for rule in leading_to(lb, place)] == ["NAMED", "told"]


def a_mapping(place: Place) -> Body:
    ports = [{"inboundNatRuleName": "v2", "frontendPort": 50003, "backendPort": 22}]
    configuration = {"id": place.configuration}
    return {"properties": {"networkInterfaceIPConfiguration": configuration, "inboundNatRulesPortMapping": ports}}


@pytest.mark.parametrize(("told", "port"), [(True, 50003), (False, None)])
def test_a_rule_over_a_pool_leads_to_its_machines_by_the_port_that_azure_tells(told: bool, port: int | None) -> None:
    place = a_place("vm0")
    addresses = [a_mapping(place)] if told else []
    pool = {"name": "pool", "id": POOL, "properties": {"loadBalancerBackendAddresses": addresses}}
    lb = a_load_balancer(a_pool_rule(50000, 50009), backendAddressPools=[pool])
    assert [(rule.name, rule.port) for rule in leading_to(lb, place)] == [("v2", port)]
    assert not leading_to(lb, a_place("vm1", pools=()))


def test_one_rule_over_a_pool_is_advised_where_all_instances_share_the_pool() -> None:
    assert "one NAT rule v2" in (advice(a_load_balancer(), places(2), SSH) or "")
    assert "over it" in (advice(a_load_balancer(), places(2), SSH) or "")


def test_nothing_is_advised_for_one_instance_or_where_one_is_in_no_pool() -> None:
    assert advice(a_load_balancer(), places(1), SSH) is None
    assert advice(a_load_balancer(), [*places(1), a_place("vm1", pools=())], SSH) is None


def test_an_existing_pool_rule_for_the_port_is_named() -> None:
    assert "v2 (v2) leads to port 22" in (advice(a_load_balancer(a_pool_rule(1, 9)), places(2), SSH) or "")
    assert "over it" in (advice(a_load_balancer(a_pool_rule(1, 9, backendPort=80)), places(2), SSH) or "")


# where an instance is


def test_the_primary_nic_or_the_only_one_counts() -> None:
    nics = {nic["id"].lower(): nic for nic in (a_nic("a"), a_nic("b"))}
    first, second = (nic["id"].upper() for nic in nics.values())
    assert place_of("vm", [(first, False), (second, True)], nics).nic["name"] == "b"
    assert place_of("vm", [(first, False)], nics).nic["name"] == "a"


@pytest.mark.parametrize("interfaces", [[], [("x", True)], [("x", False), ("y", False)]])
def test_a_machine_without_a_primary_nic_is_an_error(interfaces: list[tuple[str, bool]]) -> None:
    with pytest.raises(RuleError, match="no primary network interface"):
        place_of("vm", interfaces, {})


def test_the_primary_configuration_or_the_only_one_counts() -> None:
    nic = a_nic("a")
    [only] = nic["properties"]["ipConfigurations"]
    other = {"name": "two", "id": "two", "properties": {"primary": False}}
    nic["properties"]["ipConfigurations"] = [other, only]
    nics = {nic["id"].lower(): nic}
    assert place_of("vm", [(nic["id"], True)], nics).configuration == only["id"]
    only["properties"]["primary"] = False
    with pytest.raises(RuleError, match="no primary configuration"):
        place_of("vm", [(nic["id"], True)], nics)
    assert len(every_place("vm", [(nic["id"], True), ("gone", False)], nics)) == 2
