"""Addresses and network interfaces of instances through the real `az`, and what they cost in requests."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.network import reset_to_addresses
from tests.latest.helpers.worlds import changes

LISTS = {"scaleSet": 1, "list": 1, "nic-list": 2}  # the instances' network interfaces are in two groups


@pytest.fixture
def names(sim: Simulator) -> list[str]:
    """The instances of a set that are reached in every way."""
    return reset_to_addresses(sim)


def actions(sim: Simulator) -> Counter[str]:
    return Counter(one["action"] for one in sim.requests())


def ports(found: dict[str, str]) -> dict[str, str]:
    return {key: endpoint.rpartition(":")[2] for key, endpoint in found.items()}


def test_each_instance_has_its_endpoint_as_in_az_vmss(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    done = warm.run("list-instance-connection-info", *FLEX)
    assert done.exit == 0, done.stderr
    known = {0: "40000", 1: "50001", 2: "50002", 3: "51003", 5: "22"}  # Windows has no rule for its own port
    assert ports(done.json) == {f"instance {names[place]}": port for place, port in known.items()}
    assert f"without a public address: {names[4]}" in done.stderr
    assert actions(sim) == {**LISTS, "lb-list": 1, "public-ip-list": 2}
    table = warm.run("list-instance-connection-info", *FLEX, "-o", "table", "--instance-ids", names[0])
    assert table.stdout.splitlines()[0].split() == ["Instance", "Endpoint"]


def test_where_no_instance_can_be_reached_the_command_fails_as_in_az_vmss(warm: WarmAz, names: list[str]) -> None:
    done = warm.run("list-instance-connection-info", *FLEX, "--instance-ids", names[4])
    assert (done.exit, done.stdout) == (3, "")
    assert "nat-rule create" in done.stderr


def test_public_addresses_have_the_shape_of_az_vmss(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    rows = warm.run("list-instance-public-ips", *FLEX).json
    assert [(row["instance"], row["name"], row["resourceGroup"]) for row in rows] == [
        (names[1], f"{names[1]}-ip", "net"),
        (names[5], f"{names[5]}-ip", "rg"),
    ]
    assert all(row["ipAddress"].startswith("203.0.113.") and "properties" not in row for row in rows)
    assert actions(sim) == {**LISTS, "public-ip-list": 2}


def test_network_interfaces_have_the_shape_of_az_vmss(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    rows = warm.run("nic", "list", *FLEX).json
    assert [row["name"] for row in rows] == [
        f"{name}-nic{more}" for name in names for more in ("", "2") if more == "" or name == names[2]
    ]
    assert rows[1]["resourceGroup"] == "net"
    assert rows[0]["ipConfigurations"][0]["privateIPAddress"] == "10.0.0.4"
    assert rows[0]["virtualMachine"]["id"].endswith(names[0])
    assert not [row for row in rows if "properties" in row or "properties" in row["ipConfigurations"][0]]
    assert actions(sim) == LISTS


def test_network_interfaces_of_named_instances(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    group = ("-g", "rg", "--vmss-name", "flex")
    rows = warm.run("nic", "list-vm-nics", *group, "--instance-id", names[2]).json
    assert [row["primary"] for row in rows] == [True, False]
    shown = warm.run("nic", "show", *group, "--instance-id", names[2], "-n", rows[1]["name"].upper()).json
    assert shown == rows[1]
    view = f"{sim.scale_sets['flex']}/virtualMachines/{names[2]}"
    assert warm.run("nic", "list-vm-nics", "--ids", view).json == rows
    missing = warm.run("nic", "show", *group, "--instance-id", names[0], "-n", rows[1]["name"])
    assert (missing.exit, missing.stdout) == (3, "")
    assert f"They have: {names[0]}-nic" in missing.stderr
    for unnamed in (("nic", "list-vm-nics", *group), ("nic", "show", *group, "-n", "x")):
        done = warm.run(*unnamed)
        assert (done.exit, done.stdout) == (1, "")
        assert "--instance-id" in done.stderr


def test_a_large_set_costs_no_more_lists_than_a_small_one(warm: WarmAz, sim: Simulator) -> None:
    sim.reset(vms=60)
    sim.configure(page_size=1000)
    rows = warm.run("nic", "list", *FLEX).json
    assert len(rows) == 60
    assert actions(sim) == {**LISTS, "nic-list": 1}


def test_details_of_each_instance(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    rows = warm.run("list-instances", *FLEX, "--details").json
    assert [row["publicIps"] != "" for row in rows] == [False, True, False, False, False, True]
    assert rows[2]["privateIps"] == "10.0.0.6,10.0.0.7"
    assert [row["latestModelApplied"] for row in rows] == [True, True, True, False, True, True]
    assert [row["applicationHealth"] for row in rows] == [None, None, None, "unhealthy", None, None]
    assert {row["vmAgent"] for row in rows} == {"Ready"}
    assert [row["priority"] for row in rows] == [*["Regular"] * 5, "Spot"]
    assert rows[0]["computerName"] == names[0].replace("_", "")
    assert actions(sim) == {**LISTS, "public-ip-list": 2, "showInstance": 6}
    refused = warm.run("list-instances", *FLEX, "-d", "--source", "resource-graph")
    assert refused.exit == 1
    assert "--details" in refused.stderr


def test_details_that_may_not_be_read_are_null(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    for action in ("nic-list", "showInstance"):
        sim.add_fault({"action": action, "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}})
    done = warm.run("list-instances", *FLEX, "--details")
    assert done.exit == 0
    assert {(row["privateIps"], row["publicIps"], row["latestModelApplied"]) for row in done.json} == {(None,) * 3}
    assert "privateIps and publicIps could not be read" in done.stderr
    assert f"latestModelApplied of {len(names)} instances could not be read" in done.stderr


def test_the_table_shows_set_and_group_where_there_is_more_than_one(warm: WarmAz, sim: Simulator) -> None:
    sets = sim.scale_sets
    one = warm.run("list-instances", *FLEX, "-o", "table").stdout.splitlines()[0].split()
    several = warm.run("list-instances", "--ids", sets["flex"], sets["flex2"], "-o", "table").stdout
    assert several.splitlines()[0].split() == [one[0], "ScaleSet", "Group", *one[1:]]


def resolved(config: Path, name: str) -> dict[str, Any]:
    """What ssh makes of a configuration for a host."""
    done = subprocess.run(["ssh", "-G", "-F", config, name], capture_output=True, text=True, check=True, timeout=60)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_ssh_reads_the_configuration(warm: WarmAz, sim: Simulator, names: list[str], tmp_path: Path) -> None:
    config = tmp_path / "config"
    written = warm.run("ssh-config", *FLEX, "--file", str(config))
    assert written.exit == 0, written.stderr
    assert written.json == {"file": str(config), "hosts": 6}
    assert f"Without a User line, since no user is known: {names[2]}" in written.stderr
    assert actions(sim) == {**LISTS, "lb-list": 1, "public-ip-list": 2}
    assert changes(sim) == []
    text = config.read_text("utf-8")
    assert warm.run("ssh-config", *FLEX).stdout == text
    assert text.count("Host ") == text.count("    Port ") == 6
    hosts = [resolved(config, name) for name in names]
    assert [host["port"] for host in hosts] == ["40000", "50001", "50002", "50003", "22", "22"]
    assert [host["hostname"].rsplit(".", 1)[0] for host in hosts] == [*["203.0.113"] * 4, "10.0.0", "203.0.113"]
    assert [host["user"] == "azureuser" for host in hosts] == [True, True, False, True, True, True]
    assert hosts[0]["hostkeyalias"] == names[0]


def test_ssh_is_told_the_user_and_the_port(warm: WarmAz, names: list[str], tmp_path: Path) -> None:
    config = tmp_path / "config"
    more = ("--user", "ops", "--port", "2222", "--prefer-private-ip")
    assert warm.run("ssh-config", *FLEX, *more, "-f", str(config)).exit == 0
    host = resolved(config, names[0])
    assert (host["hostname"], host["port"], host["user"]) == ("10.0.0.4", "2222", "ops")
    for wrong in ("two words", "=-oProxyCommand=x", "a\nProxyCommand x", ""):
        done = warm.run("ssh-config", *FLEX, "--user", wrong)
        assert (done.exit, done.stdout) == (1, "")
    done = warm.run("ssh-config", *FLEX, "-f", str(tmp_path / "nowhere" / "config"))
    assert (done.exit, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr


def test_a_hostile_service_injects_no_line(warm: WarmAz, sim: Simulator, names: list[str]) -> None:
    hostile = "x\n    ProxyCommand touch pwned"
    members = {"value.0.properties.osProfile.adminUsername": hostile, "value.1.name": hostile, "value.2.name": "*"}
    sim.add_fault({"action": "list", "fault": {"kind": "answer", "members": members}})
    done = warm.run("ssh-config", *FLEX)
    assert done.exit == 0, done.stderr
    assert "Proxy" not in done.stdout
    assert "Host *" not in done.stdout
    assert done.stdout.count("Host ") == len(names) - 2
    assert "Left out" in done.stderr


COMMANDS = (
    ("list-instance-connection-info",),
    ("list-instance-public-ips",),
    ("nic", "list"),
    ("list-instances", "--details"),
    ("ssh-config",),
    ("nat-rule", "list"),
)


@pytest.mark.parametrize(
    ("action", "members"),
    [
        ("nic-list", {"value.0.properties": None}),
        ("nic-list", {"value.0.properties.ipConfigurations.0.properties": None, "value.1.id": None}),
        ("nic-list", {"value.0.properties.ipConfigurations.0.id": None}),
        ("nic-list", {"value.0.properties.ipConfigurations.0.properties.loadBalancerInboundNatRules": [{}]}),
        ("nic-list", {"value.0": None}),
        ("lb-list", {"value.0.properties": None}),
        ("lb-list", {"value.0.properties.inboundNatRules.0.properties": None}),
        ("lb-list", {"value.0.properties.frontendIPConfigurations.0": None}),
        ("lb-list", {"value.0.properties.backendAddressPools.0.properties.loadBalancerBackendAddresses": [{}]}),
        ("public-ip-list", {"value.0.properties": None, "value.1": None}),
        ("lb-get", {"properties.inboundNatRules.0.properties": None, "properties.frontendIPConfigurations.0": None}),
    ],
)
def test_a_body_that_lacks_something_ends_in_no_traceback(
    warm: WarmAz, sim: Simulator, names: list[str], action: str, members: dict[str, Any]
) -> None:
    sim.add_fault({"action": action, "fault": {"kind": "answer", "members": members}})
    for command in COMMANDS:
        done = warm.run(*command, *FLEX)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.exit == 0 or "ERROR" in done.stderr
        assert names[4] in done.stdout or command != ("ssh-config",)
