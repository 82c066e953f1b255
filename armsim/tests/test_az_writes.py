"""Write commands of the unmodified `az`."""

from __future__ import annotations

from armsim.tests.azure_cli import Az, needs_az
from armsim.tests.client import TAG

pytestmark = needs_az


def test_vm_update_keeps_what_it_does_not_name(az: Az, name: str) -> None:
    before = az.json("vm", "show", "-g", "rg", "-n", name)
    after = az.json("vm", "update", "-g", "rg", "-n", name, "--set", "tags.a=b")
    assert after["tags"] == {**TAG, "a": "b", "role": "web"}
    assert after["etag"] != before["etag"]
    assert {**after, "tags": 0, "etag": 0} == {**before, "tags": 0, "etag": 0}
    assert az.sent() == [("get", 200), ("get", 200), ("vm-put", 200), ("get", 200)]


def test_vm_resize(az: Az, name: str) -> None:
    az.json("vm", "resize", "-g", "rg", "-n", name, "--size", "Standard_D4s_v5")
    assert az.json("vm", "show", "-g", "rg", "-n", name)["hardwareProfile"]["vmSize"] == "Standard_D4s_v5"
    assert az.sim.vm(name)["accepted"] == {"vm-put": 1}


def test_vm_extension_from_set_to_delete(az: Az, name: str) -> None:
    of_vm = ("-g", "rg", "--vm-name", name)
    handler = ("-n", "CustomScript", "--publisher", "Microsoft.Azure.Extensions", "--version", "2.1")
    settings = (
        "--settings",
        '{"a": 1}',
        "--protected-settings",
        '{"key": "secret"}',
        "--extension-instance-name",
        "my",
    )
    made = az.json("vm", "extension", "set", *of_vm, *handler, *settings)
    assert (made["name"], made["provisioningState"], made["settings"]) == ("my", "Succeeded", {"a": 1})
    again = az.json("vm", "extension", "set", *of_vm, *handler, "--force-update")
    assert (again["name"], len(again["forceUpdateTag"])) == ("my", 36)
    assert [one["name"] for one in az.json("vm", "extension", "list", *of_vm)] == ["my"]
    shown = az.json("vm", "extension", "show", *of_vm, "-n", "my", "--instance-view")
    assert shown["instanceView"]["statuses"][0]["code"] == "ProvisioningState/succeeded"
    az.json("vm", "extension", "delete", *of_vm, "-n", "my")
    assert az.json("vm", "extension", "list", *of_vm) == []
    assert az.sim.vm(name)["accepted"] == {"extension-put": 2, "extension-delete": 1}


def test_vm_extension_set_shows_what_failed(az: Az, name: str) -> None:
    az.sim.add_fault({"action": "extension-put", "fault": {"kind": "fail"}})
    handler = ("-n", "CustomScript", "--publisher", "Microsoft.Azure.Extensions", "--version", "2.1")
    done = az.run("vm", "extension", "set", "-g", "rg", "--vm-name", name, *handler)
    assert done.returncode == 1
    assert "VMExtensionProvisioningError" in done.stderr


def test_vm_run_command_invoke(az: Az, name: str) -> None:
    script = ("--scripts", "echo $1", "hostname", "--parameters", "hello")
    done = az.json("vm", "run-command", "invoke", "-g", "rg", "-n", name, "--command-id", "RunShellScript", *script)
    assert "[stdout]\nhello\nflex" in done["value"][0]["message"]


def test_lock_from_create_to_delete(az: Az, name: str) -> None:
    of_vm = ("-g", "rg", "--resource-type", "Microsoft.Compute/virtualMachines", "--resource", name)
    az.json("lock", "create", "-n", "mine", "--lock-type", "CanNotDelete", "--notes", "why", *of_vm)
    group = az.json("lock", "create", "-n", "ours", "--lock-type", "ReadOnly", "-g", "rg")
    az.json("lock", "create", "-n", "all", "--lock-type", "CanNotDelete")
    assert {one["name"] for one in az.json("lock", "list")} == {"mine", "ours", "all"}
    assert {one["name"] for one in az.json("lock", "list", *of_vm)} == {"mine", "ours", "all"}
    at_scope = az.json("lock", "list", "-g", "rg", "--filter-string", "atScope()")
    assert {one["name"] for one in at_scope} == {"ours", "all"}
    assert az.json("lock", "show", "-n", "mine", *of_vm)["notes"] == "why"
    done = az.run("vm", "restart", "-g", "rg", "-n", name)
    assert "(ScopeLocked)" in done.stderr
    az.json("lock", "delete", "--ids", group["id"])
    az.json("vm", "restart", "-g", "rg", "-n", name)
    assert "(ScopeLocked)" in az.run("vm", "delete", "--yes", "-g", "rg", "-n", name).stderr
    az.json("lock", "delete", "-n", "mine", *of_vm)
    az.json("lock", "delete", "-n", "all")
    az.json("vm", "delete", "--yes", "-g", "rg", "-n", name)
    assert az.sim.vm(name) is None


def test_nat_rules_from_create_to_delete(az: Az, name: str) -> None:
    of_lb = ("-g", "rg", "--lb-name", "flex-lb")
    of_nic = ("-g", "rg", "--nic-name", f"{name}-nic", "--ip-config-name", "ipconfig1", "--lb-name", "flex-lb")
    ports = ("--protocol", "Tcp", "--frontend-port", "50000", "--backend-port", "22")
    made = az.json("network", "lb", "inbound-nat-rule", "create", *of_lb, "-n", "ssh", *ports)
    assert (made["frontendPort"], made["provisioningState"]) == (50000, "Succeeded")
    az.json("network", "nic", "ip-config", "inbound-nat-rule", "add", *of_nic, "--inbound-nat-rule", "ssh")
    (listed,) = az.json("network", "lb", "inbound-nat-rule", "list", *of_lb)
    assert f"/{name}-nic/" in listed["backendIPConfiguration"]["id"]
    done = az.run("network", "lb", "inbound-nat-rule", "delete", *of_lb, "-n", "ssh")
    assert "CannotBeDeleted" in done.stderr
    az.json("network", "nic", "ip-config", "inbound-nat-rule", "remove", *of_nic, "--inbound-nat-rule", "ssh")
    az.json("network", "lb", "inbound-nat-rule", "delete", *of_lb, "-n", "ssh")
    assert az.json("network", "lb", "inbound-nat-rule", "list", *of_lb) == []


def test_the_network_is_shown(az: Az, name: str) -> None:
    assert [one["name"] for one in az.json("network", "lb", "list", "-g", "rg")] == ["flex-lb", "spare-lb"]
    shown = az.json("network", "lb", "show", "-g", "rg", "-n", "flex-lb")
    address = shown["frontendIPConfigurations"][0]["publicIPAddress"]["id"]
    assert az.json("network", "public-ip", "show", "--ids", address)["ipAddress"].startswith("203.0.113.")
    nic = az.json("network", "nic", "show", "-g", "rg", "-n", f"{name}-nic")
    assert nic["virtualMachine"]["id"] == az.sim.vm_id(name)


def test_instances_are_protected_and_upgraded(az: Az, name: str) -> None:
    of_set = ("-g", "rg", "-n", "flex")
    after = az.json("vmss", "update", *of_set, "--instance-id", name, "--protect-from-scale-in", "true")
    assert (after["protectionPolicy"]["protectFromScaleIn"], after["latestModelApplied"]) == (True, False)
    az.json("vmss", "update-instances", *of_set, "--instance-ids", name)
    assert az.json("vmss", "show", *of_set, "--instance-id", name)["latestModelApplied"] is True
    service = ("--service-name", "AutomaticRepairs", "--action", "Suspend")
    az.json("vmss", "set-orchestration-service-state", *of_set, *service)
    assert az.sent()[-1] == ("setOrchestrationServiceState", 202)


def test_a_whole_set_is_stopped_started_and_deleted(az: Az) -> None:
    of_set, names = ("-g", "rg", "-n", "flex"), az.sim.names("flex")
    az.json("vmss", "stop", *of_set)
    assert {az.sim.vm(name)["powerState"] for name in names} == {"stopped"}
    az.json("vmss", "start", *of_set)
    az.json("vmss", "restart", *of_set, "--instance-ids", *names[:2])
    az.json("vmss", "reimage", *of_set)
    az.json("vmss", "deallocate", *of_set, "--instance-ids", *names[:2])
    assert [az.sim.vm(name)["powerState"] for name in names] == ["deallocated"] * 2 + ["running"]
    az.json("vmss", "delete-instances", *of_set, "--instance-ids", names[0])
    assert az.sim.names("flex") == names[1:]
    actions = ("powerOff", "start", "restart", "reimage", "deallocate", "delete")
    assert az.sent() == [(f"vmss-{action}", 202) for action in actions]


def test_a_batch_that_fails_is_told(az: Az, name: str) -> None:
    az.sim.add_fault({"action": "start", "vm": name, "fault": {"kind": "fail", "code": "Full", "message": "No."}})
    done = az.run("vmss", "start", "-g", "rg", "-n", "flex")
    assert (done.returncode, f"'{name}': Full: No." in done.stderr) == (1, True)
    done = az.run("vmss", "reimage", "-g", "rg", "-n", "flex", "--instance-ids", name)
    assert (done.returncode, "'VirtualMachineScaleSets.reimageall.POST' is not allowed" in done.stderr) == (1, True)


def test_network_lb_address_pool_address_update(az: Az, name: str) -> None:
    pool = ("-g", "rg", "--lb-name", "flex-lb", "--pool-name", "flex-pool")
    nic = f"/{name}-nic/"
    listed = az.json("network", "lb", "address-pool", "address", "list", *pool)
    (address,) = [one["name"] for one in listed if nic in one["networkInterfaceIPConfiguration"]["id"]]
    written = az.json(
        "network", "lb", "address-pool", "address", "update", *pool, "-n", address, "--admin-state", "Down"
    )
    states = {one["name"]: one.get("adminState") for one in written["loadBalancerBackendAddresses"]}
    assert {one: state for one, state in states.items() if state} == {address: "Down"}
    assert {one["vm"] for one in az.sim.backends() if one["adminState"] == "Down"} == {name}
