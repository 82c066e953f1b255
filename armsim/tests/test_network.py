"""Load balancers and network interfaces."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

DAY = 86400.0
NETWORK = "/providers/Microsoft.Network"


def path(arm: Arm, tail: str) -> str:
    return arm.group(f"{NETWORK}/{tail}")


def get(arm: Arm, tail: str) -> dict[str, Any]:
    body: dict[str, Any] = arm.get(path(arm, tail)).json()
    return body


def put(arm: Arm, tail: str, body: Any, **headers: str) -> requests.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return arm.session.put(f"{arm.sim.url}{path(arm, tail)}?api-version=2024-01-01", json=body, headers=headers)


def bare(arm: Arm, name: str = "flex-lb") -> dict[str, Any]:
    """Return a load balancer as a careful client would write it back: its frontends without what is read-only."""
    body = get(arm, f"loadBalancers/{name}")
    for frontend in body["properties"]["frontendIPConfigurations"]:
        kept = ("publicIPAddress", "privateIPAllocationMethod")
        frontend["properties"] = {key: frontend["properties"][key] for key in kept}
    return body


def rule(arm: Arm, name: str, port: int, lb: str = "flex-lb", front: str = "loadBalancerFrontEnd", **more: Any) -> Any:
    frontend = {"id": path(arm, f"loadBalancers/{lb}/frontendIPConfigurations/{front}")}
    properties = {"frontendIPConfiguration": frontend, "protocol": "Tcp", "frontendPort": port, "backendPort": 22}
    properties |= more
    return {"name": name, "properties": {key: value for key, value in properties.items() if value is not None}}


def with_rules(arm: Arm, *rules: Any, kind: str = "inboundNatRules", lb: str = "flex-lb") -> dict[str, Any]:
    body = bare(arm, lb)
    body["properties"][kind] = list(rules)
    return body


def ssh(arm: Arm, *names: str) -> None:
    """Add NAT rules to flex-lb, one for each of the first VMs."""
    rules = [rule(arm, name, 50000 + number) for number, name in enumerate(names)]
    assert put(arm, "loadBalancers/flex-lb", with_rules(arm, *rules)).status_code == 200
    arm.sim.advance(DAY)
    for vm, name in zip(arm.sim.names("flex"), names, strict=False):
        assert attach(arm, vm, name).status_code == 200
    arm.sim.advance(DAY)


def attach(arm: Arm, vm: str, *rules: str, **headers: str) -> requests.Response:
    nic = get(arm, f"networkInterfaces/{vm}-nic")
    links = [{"id": path(arm, f"loadBalancers/flex-lb/inboundNatRules/{name}")} for name in rules]
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatRules"] = links
    return put(arm, f"networkInterfaces/{vm}-nic", nic, **headers)


def test_the_default_world_has_two_load_balancers_and_a_nic_for_every_vm(arm: Arm) -> None:
    names = arm.sim.names("flex")
    flex = get(arm, "loadBalancers/flex-lb")["properties"]
    users = [one["id"] for one in flex["backendAddressPools"][0]["properties"]["backendIPConfigurations"]]
    assert users == [path(arm, f"networkInterfaces/{name}-nic/ipConfigurations/ipconfig1") for name in names]
    assert flex["inboundNatRules"] == []
    spare = get(arm, "loadBalancers/spare-lb")["properties"]["frontendIPConfigurations"]
    assert [one["name"] for one in spare] == ["first", "second"]
    address = flex["frontendIPConfigurations"][0]["properties"]["publicIPAddress"]["id"]
    assert arm.get(address).json()["properties"]["ipAddress"].startswith("203.0.113.")
    for name in (*names, "lonely"):
        vm = arm.get(arm.sim.vm_id(name)).json()
        (reference,) = vm["properties"]["networkProfile"]["networkInterfaces"]
        assert arm.get(reference["id"]).json()["properties"]["virtualMachine"] == {"id": vm["id"]}


@pytest.mark.parametrize(
    ("kind", "number"), [("loadBalancers", 2), ("networkInterfaces", 13), ("publicIPAddresses", 3)]
)
def test_lists_are_paged(arm: Arm, kind: str, number: int) -> None:
    arm.sim.configure(page_size=2)
    everywhere = f"/subscriptions/{arm.sim.subscription}{NETWORK}/{kind}"
    answer = arm.get(everywhere).json()
    found = list(answer["value"])
    while "nextLink" in answer:
        answer = arm.session.get(answer["nextLink"]).json()
        found += answer["value"]
    assert len({one["id"] for one in found}) == len(found) == number
    assert len(arm.get(arm.group(f"{NETWORK}/{kind}", "rg2")).json()["value"]) == (2 if "Interfaces" in kind else 0)


def test_a_put_is_told_as_an_operation_of_the_network_provider(arm: Arm) -> None:
    answer = put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "ssh", 50000)))
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (200, "Updating")
    assert "/providers/Microsoft.Network/locations/westeurope/operations/" in answer.headers["Azure-AsyncOperation"]
    assert arm.follow(answer).json() == {"status": "InProgress"}
    arm.sim.advance(DAY)
    assert arm.follow(answer).json() == {"status": "Succeeded"}
    body = get(arm, "loadBalancers/flex-lb")
    assert body["etag"] == answer.json()["etag"]
    made = body["properties"]["inboundNatRules"][0]
    assert made["properties"] == rule(arm, "ssh", 50000)["properties"] | {"provisioningState": "Succeeded"}
    (frontend,) = body["properties"]["frontendIPConfigurations"]
    assert frontend["properties"]["inboundNatRules"] == [{"id": made["id"]}]


def test_unknown_properties_are_kept(arm: Arm) -> None:
    put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "ssh", 50000, novelty={"a": 1})))
    properties = get(arm, "loadBalancers/flex-lb/inboundNatRules/SSH")["properties"]
    assert properties["novelty"] == {"a": 1}


def test_both_ends_of_a_reference_agree(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    ssh(arm, "a", "b", "c")
    ends = [get(arm, f"loadBalancers/flex-lb/inboundNatRules/{name}")["properties"] for name in "abc"]
    own = [path(arm, f"networkInterfaces/{name}-nic/ipConfigurations/ipconfig1") for name in (one, two)]
    assert [end.get("backendIPConfiguration", {}).get("id") for end in ends] == [*own, path(
        arm, f"networkInterfaces/{arm.sim.names('flex')[2]}-nic/ipConfigurations/ipconfig1"
    )]  # fmt: skip
    arm.act(one, "delete")
    arm.sim.advance(DAY)
    assert "backendIPConfiguration" not in get(arm, "loadBalancers/flex-lb/inboundNatRules/a")["properties"]
    assert arm.get(path(arm, f"networkInterfaces/{one}-nic")).status_code == 404
    pool = get(arm, "loadBalancers/flex-lb")["properties"]["backendAddressPools"][0]
    assert own[0] not in str(pool)


@pytest.mark.parametrize("tail", ["loadBalancers/flex-lb", "networkInterfaces/{vm}-nic"])
def test_if_match_holds_a_write_to_the_version_that_was_seen(arm: Arm, vm: str, tail: str) -> None:
    tail = tail.format(vm=vm)
    body = get(arm, tail)
    assert put(arm, tail, body, If_Match=body["etag"]).status_code == 200
    arm.sim.advance(DAY)
    stale = put(arm, tail, body, If_Match=body["etag"])
    assert (stale.status_code, code_of(stale)) == (412, "PreconditionFailed")
    assert body["etag"] in stale.json()["error"]["details"][0]["message"]
    assert put(arm, tail, body, If_Match="*").status_code == 200


def test_a_nic_that_takes_a_rule_gives_the_load_balancer_a_new_version(arm: Arm, vm: str) -> None:
    put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "a", 50000)))
    arm.sim.advance(DAY)
    before = get(arm, "loadBalancers/flex-lb")["etag"]
    put(arm, f"networkInterfaces/{vm}-nic", get(arm, f"networkInterfaces/{vm}-nic"))
    arm.sim.advance(DAY)
    assert get(arm, "loadBalancers/flex-lb")["etag"] == before
    attach(arm, vm, "a")
    assert get(arm, "loadBalancers/flex-lb")["etag"] != before


def test_a_busy_load_balancer_refuses_writes_to_it_and_to_its_nics(arm: Arm, vm: str) -> None:
    body, other = bare(arm), bare(arm, "spare-lb")
    put(arm, "loadBalancers/flex-lb", body)
    for answer in (put(arm, "loadBalancers/flex-lb", body), attach(arm, vm)):
        assert (answer.status_code, code_of(answer)) == (429, "RetryableError")
        assert answer.json()["error"]["details"][0]["code"] == "RetryableErrorDueToAnotherOperation"
    assert put(arm, "loadBalancers/spare-lb", other).status_code == 200
    arm.sim.advance(DAY)
    assert [attach(arm, name).status_code for name in arm.sim.names("flex")[:2]] == [200, 200]
    assert attach(arm, vm).status_code == 429


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("inboundNatRules", {"port": 50000}),
        ("inboundNatRules", {"port": 50000, "protocol": "All"}),
        ("loadBalancingRules", {"port": 50000}),
        ("inboundNatPools", {"port": None, "frontendPortRangeStart": 49990, "frontendPortRangeEnd": 50010}),
        ("range", {"port": None, "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50100}),
    ],
)
def test_a_port_of_a_frontend_is_taken_once(arm: Arm, kind: str, other: dict[str, Any]) -> None:
    port = other.pop("port")
    if kind == "range":
        kind = "inboundNatRules"
        other["backendAddressPool"] = {"id": path(arm, "loadBalancers/flex-lb/backendAddressPools/flex-pool")}
    body = with_rules(arm, rule(arm, "one", 50000))
    body["properties"][kind] = [*body["properties"][kind], rule(arm, "two", port, **other)]
    answer = put(arm, "loadBalancers/flex-lb", body)
    assert (answer.status_code, code_of(answer)) == (400, "RulesUseSameFrontendPortProtocolAndIPConfig")
    assert get(arm, "loadBalancers/flex-lb")["properties"]["inboundNatRules"] == []


def test_frontends_and_protocols_have_ports_of_their_own(arm: Arm) -> None:
    rules = [
        rule(arm, "one", 50000, "spare-lb", "first"),
        rule(arm, "two", 50000, "spare-lb", "second"),
        rule(arm, "three", 50000, "spare-lb", "first", protocol="Udp"),
        rule(arm, "four", 50001, "spare-lb", "first"),
    ]
    assert put(arm, "loadBalancers/spare-lb", with_rules(arm, *rules, lb="spare-lb")).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"protocol": "Icmp"}, "InvalidRequestFormat"),
        ({"backendPort": 0}, "InvalidRequestFormat"),
        ({"frontendPort": 65535}, "InvalidRequestFormat"),
        ({"frontendPort": None}, "InvalidRequestFormat"),
        ({"frontendIPConfiguration": None}, "InvalidRequestFormat"),
        ({"frontendPortRangeStart": 5, "frontendPortRangeEnd": 6}, "InvalidRequestFormat"),
        ({"frontendIPConfiguration": {"id": "/nowhere"}}, "InvalidResourceReference"),
        ({"backendAddressPool": {"id": "/nowhere"}}, "InvalidResourceReference"),
    ],
)
def test_a_rule_that_is_none(arm: Arm, change: dict[str, Any], code: str) -> None:
    answer = put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "one", 50000, **change)))
    assert (answer.status_code, code_of(answer)) == (400, code)


def test_two_rules_of_one_name(arm: Arm) -> None:
    answer = put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "x", 1000), rule(arm, "X", 1001)))
    assert code_of(answer) == "DuplicateResourceName"


def test_a_frontend_must_not_mention_a_rule_that_is_gone(arm: Arm) -> None:
    ssh(arm, "a")
    attach(arm, arm.sim.names("flex")[0])
    arm.sim.advance(DAY)
    whole = get(arm, "loadBalancers/flex-lb")
    whole["properties"]["inboundNatRules"] = []
    assert code_of(put(arm, "loadBalancers/flex-lb", whole)) == "InvalidResourceReference"
    assert put(arm, "loadBalancers/flex-lb", with_rules(arm)).status_code == 200


def test_what_a_nic_uses_cannot_be_removed(arm: Arm, vm: str) -> None:
    ssh(arm, "a")
    one = path(arm, "loadBalancers/flex-lb/inboundNatRules/a")
    for answer in (put(arm, "loadBalancers/flex-lb", with_rules(arm)), arm("DELETE", one)):
        assert (answer.status_code, code_of(answer)) == (400, "InUseInboundNatRuleCannotBeDeleted")
    body = bare(arm)
    body["properties"]["backendAddressPools"] = []
    assert code_of(put(arm, "loadBalancers/flex-lb", body)) == "InUseBackendAddressPoolCannotBeDeleted"
    attach(arm, vm)
    arm.sim.advance(DAY)
    answer = arm("DELETE", one)
    assert answer.status_code == 202
    arm.sim.advance(DAY)
    assert arm.follow(answer, "Location").status_code == 200
    assert (arm.get(one).status_code, arm("DELETE", one).status_code) == (404, 204)


def test_a_nic_refers_to_what_exists_and_is_free(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    ssh(arm, "a")
    assert code_of(attach(arm, two, "ghost")) == "InvalidResourceReference"
    assert code_of(attach(arm, two, "a")) == "InboundNatRuleInUse"
    put(arm, "loadBalancers/flex-lb", with_rules(arm, rule(arm, "a", 50000), rule(arm, "b", 50001)))
    arm.sim.advance(DAY)
    assert code_of(attach(arm, one, "a", "b")) == "RulesUseSameBackendPortProtocolAndIPConfig"


def test_a_nic_keeps_its_addresses(arm: Arm, vm: str) -> None:
    tail = f"networkInterfaces/{vm}-nic"
    before = get(arm, tail)
    body = deepcopy(before)
    del body["properties"]["macAddress"], body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
    after = put(arm, tail, body).json()
    assert after["properties"]["macAddress"] == before["properties"]["macAddress"]
    one, two = (each["properties"]["ipConfigurations"][0]["properties"] for each in (before, after))
    assert one["privateIPAddress"] == two["privateIPAddress"]


def test_a_rule_can_be_written_by_itself(arm: Arm) -> None:
    tail = "loadBalancers/flex-lb/inboundNatRules/ssh"
    answers = []
    for port in (50000, 50001):
        answers.append(put(arm, tail, rule(arm, "ssh", port)))
        arm.sim.advance(DAY)
    assert [answer.status_code for answer in answers] == [201, 200]
    (made,) = arm.get(path(arm, "loadBalancers/flex-lb/inboundNatRules")).json()["value"]
    assert made["properties"]["frontendPort"] == 50001


def test_a_new_load_balancer(arm: Arm) -> None:
    body = {"location": "westeurope", "sku": {"name": "Standard"}}
    assert put(arm, "loadBalancers/new", body).status_code == 201
    assert get(arm, "loadBalancers/new")["properties"]["inboundNatRules"] == []
    assert code_of(put(arm, "loadBalancers/new", {})) == "LocationRequired"
    assert code_of(put(arm, "loadBalancers/new", {**body, "location": "eastus"})) == "InvalidResourceLocation"
    assert code_of(put(arm, "loadBalancers/new", {**body, "colour": 1})) == "InvalidRequestContent"


def test_a_write_can_fail_or_be_refused_by_a_rule(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.sim.add_fault({"action": "lb-put", "fault": {"kind": "fail", "code": "Broken", "message": "No."}})
    arm.sim.add_fault({"action": "nic-put", "vm": two, "fault": {"status": 503}})
    assert [attach(arm, name).status_code for name in (one, two)] == [200, 503]
    arm.sim.advance(DAY)
    answer = put(arm, "loadBalancers/flex-lb", bare(arm))
    arm.sim.advance(DAY)
    assert arm.follow(answer).json() == {"status": "Failed", "error": {"code": "Broken", "message": "No."}}
    assert get(arm, "loadBalancers/flex-lb")["properties"]["provisioningState"] == "Failed"
    assert [entry["vm"] for entry in arm.sim.requests() if entry["action"] == "nic-put"] == [one, two]


def test_a_world_may_have_rules(arm: Arm) -> None:
    balancer = {
        "frontends": ["front"],
        "backendPools": {"pool": ["web"]},
        "natRules": {"ssh": {"frontend": "front", "frontendPort": 50000, "backendPort": 22, "vm": "b"}},
        "loadBalancingRules": {"http": {"frontend": "front", "pool": "pool", "frontendPort": 80, "backendPort": 80}},
    }
    group = {"scaleSets": {"web": {"instances": ["a", "b"]}}, "loadBalancers": {"lb": balancer}}
    arm.sim.reset({"resourceGroups": {"rg": group}})
    user = get(arm, "loadBalancers/lb/inboundNatRules/ssh")["properties"]["backendIPConfiguration"]["id"]
    assert user == path(arm, "networkInterfaces/b-nic/ipConfigurations/ipconfig1")
    assert put(arm, "loadBalancers/lb", bare(arm, "lb")).status_code == 200


def test_a_world_may_have_further_interfaces_and_public_addresses(arm: Arm) -> None:
    some = {"b": {"nicGroup": "net", "secondNic": True, "publicAddress": True, "adminUsername": None}}
    balancer = {"backendPools": {"pool": ["web"]}}
    groups = {"rg": {"scaleSets": {"web": {"instances": ["a", "b"], "overrides": some}}}, "net": {}}
    groups["rg"]["loadBalancers"] = {"lb": balancer}
    arm.sim.reset({"resourceGroups": groups})
    machine = arm.get(arm.sim.vm_id("b")).json()["properties"]
    assert "osProfile" not in machine
    first, second = machine["networkProfile"]["networkInterfaces"]
    assert (first["properties"]["primary"], second["properties"]["primary"]) == (True, False)
    listed = arm.get(arm.group(f"{NETWORK}/networkInterfaces", "net")).json()["value"]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    (configuration,) = listed[0]["properties"]["ipConfigurations"]
    (address,) = arm.get(arm.group(f"{NETWORK}/publicIPAddresses", "net")).json()["value"]
    assert configuration["properties"]["publicIPAddress"]["id"] == address["id"]
    assert address["properties"]["ipConfiguration"]["id"] == configuration["id"]
    assert "publicIPAddress" not in listed[1]["properties"]["ipConfigurations"][0]["properties"]
    (pool,) = get(arm, "loadBalancers/lb")["properties"]["backendAddressPools"]
    assert len(pool["properties"]["backendIPConfigurations"]) == 2
    assert arm.act("b", "delete").status_code == 202
    arm.sim.advance(DAY)
    assert arm.get(arm.group(f"{NETWORK}/publicIPAddresses", "net")).json()["value"] == []


def test_a_rule_over_a_pool_maps_a_port_to_each_member(arm: Arm) -> None:
    names = arm.sim.names("flex")
    pool = {"id": path(arm, "loadBalancers/flex-lb/backendAddressPools/flex-pool")}
    span = {"frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50001, "backendAddressPool": pool}
    v2 = rule(arm, "v2", 0, **span)
    del v2["properties"]["frontendPort"]
    assert put(arm, "loadBalancers/flex-lb", with_rules(arm, v2)).status_code == 200
    arm.sim.advance(DAY)
    for _ in range(2):  # a body that is written back changes nothing, since these members are read-only
        body = get(arm, "loadBalancers/flex-lb")
        addresses = body["properties"]["backendAddressPools"][0]["properties"]["loadBalancerBackendAddresses"]
        mapped = [one["properties"].get("inboundNatRulesPortMapping") for one in addresses]
        ports = [[{"inboundNatRuleName": "v2", "frontendPort": port, "backendPort": 22}] for port in (50000, 50001)]
        assert mapped == [*ports, *[[]] * (len(names) - 2)]
        assert addresses[0]["name"] == f"rg_{names[0]}-nicipconfig1"
        assert put(arm, "loadBalancers/flex-lb", body).status_code == 200
        arm.sim.advance(DAY)
