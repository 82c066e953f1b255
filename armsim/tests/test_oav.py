"""Does Microsoft's own validator accept what the simulator answers?

Needs node, npm and the environment variable ARM_SPECS: a .tar.xz of the specifications (Compute 2024-03-01, Resource
Graph 2022-10-01, Resources 2022).
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
    "Subscriptions_Get",
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
                        "#1": {"ephemeral": True, "osType": "Windows", "vmAgent": "Not Ready"},
                        "#2": {"hibernationEnabled": True, "vmHealth": "unhealthy"},
                        "#3": {"provisioningState": "Failed"},
                    },
                },
                "uniform": {"mode": "Uniform", "instances": 2},
            },
            "virtualMachines": {"lonely": {}},
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
    """Install where no one looks yet, then move: two test processes may be here at once."""
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
