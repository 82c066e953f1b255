"""Validation of recorded traffic by Microsoft's oav.

Needs node, npm and the environment variable ARM_SPECS: a .tar.xz of the specifications (Compute 2024-03-01, Resource
Graph 2022-10-01, Resources 2022, Network 2024-01-01, locks 2016-09-01).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from armsim import Simulator
from armsim.tests.client import Arm

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent / "oav"
BUILD = Path(__file__).parents[2] / "build" / "oav"
SPECS = os.environ.get("ARM_SPECS", "")

pytestmark = [
    pytest.mark.oav,
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm"),
    pytest.mark.skipif(not Path(SPECS).is_file(), reason="ARM_SPECS names no archive of specifications"),
]

Verdicts = list[dict[str, Any]]

EXPECTED = {
    "VirtualMachines_Get", "VirtualMachines_InstanceView", "VirtualMachines_List", "VirtualMachines_ListAll",
    "VirtualMachines_Start", "VirtualMachines_PowerOff", "VirtualMachines_Deallocate", "VirtualMachines_Restart",
    "VirtualMachines_Redeploy", "VirtualMachines_Reimage", "VirtualMachines_Reapply",
    "VirtualMachines_PerformMaintenance", "VirtualMachines_SimulateEviction", "VirtualMachines_Delete",
    "VirtualMachineScaleSets_Get", "VirtualMachineScaleSets_List", "VirtualMachineScaleSets_ListAll",
    "VirtualMachineScaleSets_GetInstanceView", "VirtualMachineScaleSetVMs_List", "VirtualMachineScaleSetVMs_Get",
    "VirtualMachineScaleSetVMs_GetInstanceView", "Resources", "ResourceGroups_Get", "ResourceGroups_List",
    "Subscriptions_Get", "VirtualMachines_CreateOrUpdate", "VirtualMachines_Update",
    "VirtualMachineExtensions_CreateOrUpdate", "VirtualMachineExtensions_Update", "VirtualMachineExtensions_Get",
    "VirtualMachineExtensions_List", "VirtualMachineExtensions_Delete", "VirtualMachines_RunCommand",
    "VirtualMachineScaleSets_UpdateInstances", "VirtualMachineScaleSets_SetOrchestrationServiceState",
    "VirtualMachineScaleSets_Start", "VirtualMachineScaleSets_PowerOff", "VirtualMachineScaleSets_Restart",
    "VirtualMachineScaleSets_Deallocate", "VirtualMachineScaleSets_Reimage", "VirtualMachineScaleSets_DeleteInstances",
    "VirtualMachineScaleSets_Redeploy", "VirtualMachineScaleSets_PerformMaintenance",
    "VirtualMachineScaleSets_ReimageAll", "VirtualMachineScaleSetVMs_Update",
    "LoadBalancers_Get", "LoadBalancers_List", "LoadBalancers_ListAll",
    "LoadBalancers_CreateOrUpdate", "InboundNatRules_Get", "InboundNatRules_List", "InboundNatRules_CreateOrUpdate",
    "InboundNatRules_Delete", "NetworkInterfaces_Get", "NetworkInterfaces_List", "NetworkInterfaces_ListAll",
    "NetworkInterfaces_CreateOrUpdate", "PublicIPAddresses_Get", "PublicIPAddresses_List",
    "PublicIPAddresses_ListAll", "ManagementLocks_CreateOrUpdateAtSubscriptionLevel",
    "ManagementLocks_ListAtSubscriptionLevel", "ManagementLocks_GetAtSubscriptionLevel",
    "ManagementLocks_DeleteAtSubscriptionLevel", "ManagementLocks_CreateOrUpdateAtResourceGroupLevel",
    "ManagementLocks_ListAtResourceGroupLevel", "ManagementLocks_GetAtResourceGroupLevel",
    "ManagementLocks_DeleteAtResourceGroupLevel",
}  # fmt: skip
"""Every served operation that the specifications describe."""

WORLD = {
    "resourceGroups": {
        "rg": {
            "scaleSets": {
                "flex": {
                    "instances": 6,
                    "zones": ["1", "2"],
                    "tags": {"role": "web"},
                    "overrides": {
                        "#0": {"priority": "Spot", "vmHealth": "healthy", "extensions": ["AppHealth"]},
                        "#4": {"extensions": [{"name": "Broken", "provisioningState": "Failed"}]},
                        "#1": {"ephemeral": True, "osType": "Windows", "vmAgent": "Not Ready"},
                        "#2": {"hibernationEnabled": True, "vmHealth": "unhealthy"},
                        "#3": {"provisioningState": "Failed"},
                    },
                },
                "uniform": {"mode": "Uniform", "instances": 2},
            },
            "virtualMachines": {"lonely": {}},
            "loadBalancers": {
                "lb": {
                    "frontends": ["front"],
                    "backendPools": {"pool": ["flex"]},
                    "natRules": {"ssh": {"frontend": "front", "frontendPort": 50000, "backendPort": 22}},
                    "loadBalancingRules": {
                        "http": {"frontend": "front", "pool": "pool", "frontendPort": 80, "backendPort": 80}
                    },
                }
            },
        }
    }
}


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Verdicts]:
    specifications = tmp_path_factory.mktemp("specifications")
    with tarfile.open(SPECS, "r:xz") as archive:
        archive.extractall(specifications, filter="data")
    if not (BUILD / "node_modules" / "oav").exists():
        _install_oav()

    def run(traffic: Path) -> Verdicts:
        verdicts = traffic.with_suffix(".verdicts")
        command = ["node", HERE / "validate.js", BUILD / "node_modules", specifications, traffic, verdicts]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in verdicts.read_text().splitlines()]

    return run


def _install_oav() -> None:
    """Install into another folder, then move it: two test processes may install at once."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        shutil.copy(HERE / "package.json", scratch)
        command = ["npm", "install", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        with contextlib.suppress(OSError):
            Path(scratch, "node_modules").rename(BUILD / "node_modules")


@pytest.fixture(scope="module")
def verdicts(traffic: Path, validate: Callable[[Path], Verdicts]) -> Verdicts:
    return validate(traffic)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("traffic") / "traffic.jsonl"
    with Simulator(world=WORLD, seconds=3600, token_lifetime=30 * 86400, record=file) as sim:
        arm = Arm(sim)
        _read_everything(arm)
        _act_on_everything(arm)
        _write_everything(arm)
        _read_everything(arm)
        arm.session.close()
    return file


def _read_everything(arm: Arm) -> None:
    subscription, names = f"/subscriptions/{arm.sim.subscription}", arm.sim.names("flex")
    compute = "/providers/Microsoft.Compute"
    for name in names:
        arm.get(arm.sim.vm_id(name))
        arm.get(arm.sim.vm_id(name), **{"$expand": "instanceView"})
        arm.get(f"{arm.sim.vm_id(name)}/instanceView")
    of_set = {"$filter": f"'virtualMachineScaleSet/id' eq '{arm.sim.scale_sets['flex']}'"}
    arm.get(arm.vms())
    arm.get(arm.vms(), **of_set)
    arm.get(arm.vms(), **of_set, **{"$expand": "instanceView"})
    arm.get(f"{subscription}{compute}/virtualMachines", statusOnly="true")
    arm.get(f"{subscription}{compute}/virtualMachines")
    for scale_set in arm.sim.scale_sets.values():
        arm.get(scale_set)
        arm.get(f"{scale_set}/instanceView")
        arm.get(f"{scale_set}/virtualMachines")
    arm.get(f"{arm.sim.scale_sets['flex']}/virtualMachines/{names[0]}")
    arm.get(f"{arm.sim.scale_sets['uniform']}/virtualMachines/0")
    arm.get(f"{arm.sim.scale_sets['flex']}/virtualMachines/{names[0]}/instanceView")
    arm.get(f"{subscription}{compute}/virtualMachineScaleSets")
    arm.get(arm.group(f"{compute}/virtualMachineScaleSets"))
    for path in (subscription, f"{subscription}/resourcegroups", arm.group()):
        arm.get(path)
    arm.ask("resources")
    arm.ask("resources | project id", **{"$top": 2})
    arm.ask("resources | join x")
    arm.get(f"{arm.vms()}/ghost")


def _act_on_everything(arm: Arm) -> None:
    spot, first, second, *_, last = arm.sim.names("flex")
    arm.act(spot, "simulateEviction")
    arm.act(first, "simulateEviction")
    arm.act(second, "deallocate", hibernate="true")
    arm.act(last, "delete", forceDeletion="true")
    for action in ("restart", "redeploy", "reapply", "performMaintenance", "reimage", "powerOff", "start"):
        body = {"tempDisk": True, "osProfile": {"adminPassword": "x"}} if action == "reimage" else None
        arm.act(first, action, body)
        arm.act(first, action)
        arm.sim.advance(86400)


def _write_everything(arm: Arm) -> None:
    *_, last = arm.sim.names("flex")
    path, instance = arm.sim.vm_id(last), f"{arm.sim.scale_sets['flex']}/virtualMachines/{last}"
    script = {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1"}
    policy = {"protectionPolicy": {"protectFromScaleIn": True}}
    service = {"serviceName": "AutomaticRepairs", "action": "Suspend"}
    writes: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"tags": {"a": "b"}, "properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}}),
        ("PATCH", path, {"properties": {"osProfile": {"computerName": "other"}}}),
        ("PUT", path, _writable(arm.get(path).json())),
        (
            "PUT",
            f"{path}/extensions/script",
            {"location": "westeurope", "properties": {**script, "settings": {"a": 1}}},
        ),
        ("PUT", f"{path}/extensions/other", {"location": "westeurope", "properties": script}),
        ("PATCH", f"{path}/extensions/script", {"properties": {"enableAutomaticUpgrade": True}}),
        ("POST", f"{path}/runCommand", {"commandId": "RunShellScript", "script": ["echo x"]}),
        ("PUT", instance, {"location": "westeurope", "properties": policy}),
        ("POST", f"{arm.sim.scale_sets['flex']}/manualupgrade", {"instanceIds": [last]}),
        ("POST", f"{arm.sim.scale_sets['flex']}/setOrchestrationServiceState", service),
        *_batches(arm),
        *_network_writes(arm, last),
        *_lock_writes(arm),
    ]
    for method, target, body in writes:
        answer = arm(method, target, body)
        assert answer.status_code < 500, answer.text
        _read_writes(arm, path)
        arm.sim.advance(6 * 3600)
    _read_writes(arm, path)
    arm("DELETE", f"{path}/extensions/script")
    arm("DELETE", f"{path}/extensions/ghost")


def _batches(arm: Arm) -> list[tuple[str, str, Any]]:
    scale_set, names = arm.sim.scale_sets["flex"], arm.sim.names("flex")
    actions = ("powerOff", "start", "restart", "redeploy", "performMaintenance", "reimageall", "deallocate")
    bodies: list[tuple[str, Any]] = [(action, {"instanceIds": names[:2]}) for action in actions]
    reimage = {"instanceIds": names[:1], "tempDisk": True, "forceUpdateOSDiskForEphemeral": False}
    bodies += [("reimage", reimage), ("start", {}), ("delete", {"instanceIds": names[2:3]})]
    return [("POST", f"{scale_set}/{action}", body) for action, body in bodies]


def _writable(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a client may send back of a VM."""
    properties = {key: value for key, value in body["properties"].items() if key not in _READ_ONLY}
    properties["storageProfile"]["imageReference"].pop("exactVersion", None)
    return {"location": body["location"], "tags": {"a": "c"}, "zones": body["zones"], "properties": properties}


_READ_ONLY = {"provisioningState", "vmId", "timeCreated", "instanceView"}


def _network_writes(arm: Arm, vm: str) -> list[tuple[str, str, Any]]:
    network = arm.group("/providers/Microsoft.Network")
    lb = f"{network}/loadBalancers/lb"
    link = {"id": f"{lb}/inboundNatRules/ssh"}
    subnet = {"id": f"{network}/virtualNetworks/vnet/subnets/default"}
    configuration = {"name": "ipconfig1", "properties": {"subnet": subnet, "loadBalancerInboundNatRules": [link]}}
    frontend = {"name": "front", "properties": {"publicIPAddress": {"id": f"{network}/publicIPAddresses/lb-front-ip"}}}
    front = {"id": f"{lb}/frontendIPConfigurations/front"}
    ports = {"frontendIPConfiguration": front, "protocol": "Tcp", "frontendPort": 50001, "backendPort": 22}
    ssh = {"name": "ssh", "properties": {**ports, "frontendPort": 50000}}
    whole = {
        "frontendIPConfigurations": [frontend],
        "backendAddressPools": [{"name": "pool"}],
        "inboundNatRules": [ssh],
    }
    nic = {"location": "westeurope", "properties": {"ipConfigurations": [configuration]}}
    return [
        ("PUT", f"{network}/networkInterfaces/{vm}-nic", nic),
        ("PUT", lb, {"location": "westeurope", "sku": {"name": "Standard"}, "properties": whole}),
        ("PUT", lb, {"location": "westeurope", "properties": {**whole, "inboundNatRules": []}}),
        ("PUT", f"{lb}/inboundNatRules/more", {"properties": ports}),
        ("DELETE", f"{lb}/inboundNatRules/more", None),
    ]


def _lock_writes(arm: Arm) -> list[tuple[str, str, Any]]:
    locks = "/providers/Microsoft.Authorization/locks"
    scopes = (f"/subscriptions/{arm.sim.subscription}{locks}", arm.group(locks))
    body = {"properties": {"level": "CanNotDelete", "notes": "why", "owners": [{"applicationId": "me"}]}}
    made = [("PUT", f"{scope}/l", each) for scope in scopes for each in (body, body)]
    read = [("GET", f"{scope}{tail}", None) for scope in scopes for tail in ("", "/l")]
    return [*made, *read, *(("DELETE", f"{scope}/l", None) for scope in scopes)]


def _read_writes(arm: Arm, vm: str) -> None:
    view = {"$expand": "instanceView"}
    arm.get(vm)
    arm.get(vm, **view)
    arm.get(f"{vm}/extensions")
    arm.get(f"{vm}/extensions/script", **view)
    network = "/providers/Microsoft.Network"
    for kind, name in (
        ("loadBalancers", "lb"),
        ("networkInterfaces", "lonely-nic"),
        ("publicIPAddresses", "lb-front-ip"),
    ):
        arm.get(f"/subscriptions/{arm.sim.subscription}{network}/{kind}")
        arm.get(arm.group(f"{network}/{kind}"))
        arm.get(arm.group(f"{network}/{kind}/{name}"))
    arm.get(arm.group(f"{network}/loadBalancers/lb/inboundNatRules"))
    arm.get(arm.group(f"{network}/loadBalancers/lb/inboundNatRules/ssh"))
    arm.get(arm.group(f"{network}/networkInterfaces/{vm.rpartition('/')[2]}-nic"))


def test_every_answer_is_accepted(traffic: Path, verdicts: Verdicts) -> None:
    refused = [one for one in verdicts if not (one["request"]["accepted"] and one["response"]["accepted"])]
    assert refused == []
    assert len(verdicts) == len(traffic.read_text().splitlines())
    counted = Counter(one["operation"] for one in verdicts)
    assert {operation for operation in EXPECTED if counted[operation] == 0} == set()


BROKEN = {
    "VirtualMachines_Get": lambda body: body["properties"].update(vmId=7),
    "VirtualMachines_InstanceView": lambda body: body["statuses"][0].update(level="Information"),
    "VirtualMachines_List": lambda body: body["value"][0]["properties"]["storageProfile"]["osDisk"].pop("createOption"),
    "Resources": lambda body: body.pop("totalRecords"),
    "VirtualMachineExtensions_Get": lambda body: body["properties"].update(typeHandlerVersion=7),
    "LoadBalancers_Get": lambda body: body["properties"]["loadBalancingRules"][0]["properties"].pop("protocol"),
    "NetworkInterfaces_List": lambda body: body["value"][0]["properties"].update(primary="yes"),
    "ManagementLocks_ListAtSubscriptionLevel": lambda body: body["value"][0]["properties"].pop("level"),
}


def test_broken_answers_are_rejected(
    traffic: Path, verdicts: Verdicts, validate: Callable[[Path], Verdicts], tmp_path: Path
) -> None:
    exchanges = [json.loads(line) for line in traffic.read_text().splitlines()]
    broken = tmp_path / "broken.jsonl"
    with broken.open("w") as file:
        for operation, breaks in BROKEN.items():
            good = [(one["operation"], one["status"]) for one in verdicts].index((operation, 200))
            breaks(exchanges[good]["response"]["body"])
            file.write(json.dumps(exchanges[good]) + "\n")
    answers = {one["operation"]: one["response"]["accepted"] for one in validate(broken)}
    assert answers == dict.fromkeys(BROKEN, False)
