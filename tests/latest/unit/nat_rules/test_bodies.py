"""Bodies of load balancers and network interfaces, changed in nothing but what an edit is for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.arm.network_bodies import (
    Body,
    EditError,
    IpConfiguration,
)
from azext_flexcompare.nat_rules.bodies import add_reference, add_rules, remove_references, remove_rules, rules_of
from azext_flexcompare.nat_rules.rules import RuleRequest, assign_rules
from tests.latest.helpers.nat_bodies import FRONT, LB, NETWORK, a_load_balancer, a_nat_rule, a_nic, a_place, places

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
    written = add_rules(lb, [one.rule for one in assign_rules(lb, places(count), RuleRequest(22, 50000))])
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
    written = remove_rules(lb, rules_of(a_load_balancer(*(a_nat_rule(n, 1) for n in gone))))
    assert (written is None) is not bool(set(names) & set(gone))
    if written:
        kept(lb, written, but="inboundNatRules")
        assert [*nat_rules(written)] == [name for name in names if name not in gone]


def test_a_frontend_is_not_sent_what_it_says_of_rules_and_tags_are() -> None:
    written = remove_rules(a_load_balancer(a_nat_rule("x", 1)), rules_of(a_load_balancer(a_nat_rule("x", 1))))
    assert written
    assert written["properties"]["frontendIPConfigurations"][0] == {
        "name": "front",
        "id": FRONT,
        "zones": ["1"],
        "properties": {"publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/ip"}},
    }
    assert written["tags"] == {"type": "kept", "etag": "kept"}


def test_a_load_balancer_to_which_nothing_is_added_is_not_written() -> None:
    assert add_rules(a_load_balancer(), []) is None


@given(NAMES, st.sampled_from("abcdefghx"))
def test_a_reference_is_added_and_nothing_else_of_a_nic_changes(names: list[str], rule: str) -> None:
    place = a_place("vm0", *names)
    written = add_reference(place.nic, place.id.upper(), f"{LB}/inboundNatRules/{rule}".upper())
    assert (written is None) is (rule in names)
    if written:
        kept(place.nic, written, but="loadBalancerInboundNatRules")
        assert IpConfiguration("vm0", written, place.id).rules == place.rules | {f"{LB}/inboundNatRules/{rule}".lower()}


@given(NAMES, NAMES)
def test_references_are_dropped_and_nothing_else_of_a_nic_changes(names: list[str], gone: list[str]) -> None:
    place = a_place("vm0", *names)
    written = remove_references(place.nic, place.id, [f"{LB}/INBOUNDNATRULES/{one}" for one in gone])
    assert (written is None) is not bool(set(names) & set(gone))
    if written:
        kept(place.nic, written, but="loadBalancerInboundNatRules")
        assert IpConfiguration("vm0", written, place.id).rules == a_place("vm0", *set(names) - set(gone)).rules


def test_a_nic_whose_configuration_is_gone_is_an_error() -> None:
    with pytest.raises(EditError, match="IP configuration two does not exist any more"):
        add_reference(a_nic("vm0"), "x/two", "rule")
