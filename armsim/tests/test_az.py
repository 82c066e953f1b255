"""Read commands and actions of the unmodified `az`."""

from __future__ import annotations

import pytest

from armsim.tests.azure_cli import Az, needs_az

pytestmark = needs_az


def test_vm_list_of_a_set(az: Az) -> None:
    vms = az.json("vm", "list", "-g", "rg", "--vmss", az.sim.scale_sets["flex"])
    assert [vm["name"] for vm in vms] == az.sim.names("flex")
    assert az.sim.requests()[0]["query"]["$filter"].startswith("'virtualMachineScaleSet/id' eq '")


def test_vm_get_instance_view(az: Az, name: str) -> None:
    vm = az.json("vm", "get-instance-view", "-g", "rg", "-n", name)
    codes = [status["code"] for status in vm["instanceView"]["statuses"]]
    assert codes == ["ProvisioningState/succeeded", "PowerState/running"]


@pytest.mark.parametrize(
    ("command", "action", "power"),
    [
        ("restart", "restart", "running"),
        ("deallocate", "deallocate", "deallocated"),
        ("stop", "powerOff", "stopped"),
        ("reimage", "reimage", "running"),
    ],
)
def test_vm_operations(az: Az, name: str, command: str, action: str, power: str) -> None:
    az.json("vm", command, "--ids", az.sim.vm_id(name))
    truth = az.sim.vm(name)
    assert (truth["accepted"], truth["powerState"]) == ({action: 1}, power)


def test_vm_delete(az: Az, name: str) -> None:
    az.json("vm", "delete", "--yes", "--ids", az.sim.vm_id(name))
    assert az.sim.vm(name) is None


def test_vm_restart_of_a_stopped_vm_shows_the_conflict(az: Az, name: str) -> None:
    az.json("vm", "stop", "-g", "rg", "-n", name)
    done = az.run("vm", "restart", "-g", "rg", "-n", name)
    assert done.returncode == 1
    assert "(OperationNotAllowed)" in done.stderr


def test_az_retries_a_throttled_post_that_says_when(az: Az, name: str) -> None:
    az.sim.add_fault({"action": "restart", "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    az.json("vm", "restart", "-g", "rg", "-n", name)
    assert [entry["status"] for entry in az.sim.requests() if entry["action"] == "restart"] == [429, 202]


def test_vmss_list_instances(az: Az) -> None:
    items = az.json("vmss", "list-instances", "-g", "rg", "-n", "flex")
    assert [item["instanceId"] for item in items] == az.sim.names("flex")
    assert "storageProfile" not in items[0]


def test_vmss_get_instance_view_is_refused(az: Az) -> None:
    done = az.run("vmss", "get-instance-view", "-g", "rg", "-n", "flex")
    assert done.returncode == 1
    assert "Operation 'VirtualMachineScaleSets.instanceView.GET' is not allowed" in done.stderr


def test_vmss_get_instance_view_of_one_is_refused(az: Az, name: str) -> None:
    done = az.run("vmss", "get-instance-view", "-g", "rg", "-n", "flex", "--instance-id", name)
    assert done.returncode == 1
    assert "instanceId must be a number" in done.stderr


def test_vmss_show_tells_the_mode(az: Az) -> None:
    assert az.json("vmss", "show", "-g", "rg", "-n", "flex")["orchestrationMode"] == "Flexible"
    assert az.json("vmss", "show", "-g", "rg", "-n", "uniform")["orchestrationMode"] == "Uniform"


def test_a_missing_set_ends_with_status_3(az: Az) -> None:
    done = az.run("vmss", "show", "-g", "rg", "-n", "ghost")
    assert done.returncode == 3
    assert "(ResourceNotFound)" in done.stderr


def test_a_missing_group_ends_with_status_3(az: Az) -> None:
    done = az.run("group", "show", "-n", "nowhere")
    assert done.returncode == 3
    assert "(ResourceGroupNotFound)" in done.stderr
