"""VM extensions."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

DAY = 86400.0
MINOR = {"autoUpgradeMinorVersion": False}
SCRIPT = {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1"}


def put(arm: Arm, vm: str, extension: str = "script", method: str = "PUT", **properties: Any) -> requests.Response:
    given = properties if method == "PATCH" else {**SCRIPT, **properties}
    body = {"location": "westeurope", "properties": given}
    return arm(method, f"{arm.sim.vm_id(vm)}/extensions/{extension}", body)


def view(arm: Arm, vm: str) -> dict[str, Any]:
    body: dict[str, Any] = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    return body


def test_an_extension_is_created_then_shown_everywhere(arm: Arm, vm: str) -> None:
    path = f"{arm.sim.vm_id(vm)}/extensions"
    answer = put(arm, vm, settings={"fileUris": []})
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (201, "Creating")
    assert arm.follow(answer).json()["status"] == "InProgress"
    arm.sim.advance(DAY)
    one = arm.get(f"{path}/SCRIPT").json()
    assert one["properties"] == SCRIPT | MINOR | {"settings": {"fileUris": []}, "provisioningState": "Succeeded"}
    assert arm.get(path).json() == {"value": [one]}
    assert arm.get(arm.sim.vm_id(vm)).json()["resources"] == [one]
    listed = {item["name"]: item for item in arm.get(arm.vms()).json()["value"]}
    assert listed[vm]["resources"] == [{"id": one["id"]}]
    status = arm.get(f"{path}/script", **{"$expand": "instanceView"}).json()["properties"]["instanceView"]
    assert view(arm, vm)["extensions"] == [status]
    assert status["statuses"][0]["code"] == "ProvisioningState/succeeded"
    (handler,) = view(arm, vm)["vmAgent"]["extensionHandlers"]
    assert handler["type"] == status["type"] == "Microsoft.Azure.Extensions.CustomScript"


def test_protected_settings_are_never_shown(arm: Arm, vm: str) -> None:
    assert "hush-hush" not in put(arm, vm, protectedSettings={"key": "hush-hush"}).text
    arm.sim.advance(DAY)
    assert "hush-hush" not in arm.get(arm.sim.vm_id(vm), **{"$expand": "instanceView"}).text


def test_a_second_put_updates_and_replaces(arm: Arm, vm: str) -> None:
    put(arm, vm, settings={"a": 1}, forceUpdateTag="1", enableAutomaticUpgrade=True)
    arm.sim.advance(DAY)
    answer = put(arm, vm, settings={"b": 2}, forceUpdateTag="2")
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (200, "Updating")
    properties = answer.json()["properties"]
    assert (properties["settings"], properties["forceUpdateTag"]) == ({"b": 2}, "2")
    assert "enableAutomaticUpgrade" not in properties


def test_a_patch_changes_what_it_names(arm: Arm, vm: str) -> None:
    put(arm, vm, settings={"a": 1})
    arm.sim.advance(DAY)
    answer = put(arm, vm, method="PATCH", enableAutomaticUpgrade=True)
    assert answer.json()["properties"] == SCRIPT | MINOR | {
        "settings": {"a": 1},
        "enableAutomaticUpgrade": True,
        "provisioningState": "Updating",
    }
    assert put(arm, vm, "ghost", "PATCH").status_code == 404


def test_a_deleted_extension_is_gone(arm: Arm, vm: str) -> None:
    put(arm, vm)
    arm.sim.advance(DAY)
    path = f"{arm.sim.vm_id(vm)}/extensions/script"
    answer = arm("DELETE", path)
    assert (answer.status_code, answer.content) == (202, b"")
    assert arm.get(path).json()["properties"]["provisioningState"] == "Deleting"
    arm.sim.advance(DAY)
    assert arm.follow(answer, "Location").status_code == 200
    assert code_of(arm.get(path)) == "ResourceNotFound"
    assert arm("DELETE", path).status_code == 204
    assert "extensions" not in view(arm, vm)


def test_one_extension_of_a_handler(arm: Arm, vm: str) -> None:
    put(arm, vm, "first")
    arm.sim.advance(DAY)
    answer = put(arm, vm, "second")
    assert (answer.status_code, code_of(answer)) == (400, "BadRequest")
    assert answer.json()["error"]["message"] == (
        "Multiple VMExtensions per handler not supported for OS type 'Linux'. VMExtension 'first' with handler "
        "'Microsoft.Azure.Extensions.CustomScript' already added or specified in input."
    )


@pytest.mark.parametrize(
    ("properties", "status", "code"),
    [
        ({"publisher": None}, 400, "InvalidParameter"),
        ({"typeHandlerVersion": "two"}, 400, "InvalidParameter"),
        ({"settings": "text"}, 400, "InvalidParameter"),
        ({"enableAutomaticUpgrade": "yes"}, 400, "InvalidParameter"),
        ({"colour": "blue"}, 400, "InvalidRequestContent"),
    ],
)
def test_an_extension_that_is_none(arm: Arm, vm: str, properties: Any, status: int, code: str) -> None:
    answer = put(arm, vm, **properties)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert arm.get(f"{arm.sim.vm_id(vm)}/extensions").json() == {"value": []}


def test_an_extension_stays_what_it_is(arm: Arm, vm: str) -> None:
    put(arm, vm)
    arm.sim.advance(DAY)
    assert code_of(put(arm, vm, type="Other")) == "PropertyChangeNotAllowed"


@pytest.mark.parametrize("state", ["stopped", "deallocated"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_vm_that_does_not_run_refuses(arm: Arm, state: str, method: str) -> None:
    vm = {"powerState": state, "extensions": [{"name": "script", **SCRIPT}]}
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": vm}}}})
    answer = put(arm, "a", method=method)
    assert (answer.status_code, code_of(answer)) == (409, "OperationNotAllowed")
    assert answer.json()["error"]["message"] == "Cannot modify extensions in the VM when the VM is not running."
    assert len(arm.get(f"{arm.sim.vm_id('a')}/extensions").json()["value"]) == 1


def test_a_failure_is_told_by_the_operation_and_the_agent(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "extension-put", "fault": {"kind": "fail"}})
    answer = put(arm, vm)
    arm.sim.advance(DAY)
    error = arm.follow(answer).json()["error"]
    assert error["code"] == "VMExtensionProvisioningError"
    assert "extension 'script'" in error["message"]
    assert arm.get(f"{arm.sim.vm_id(vm)}/extensions/script").json()["properties"]["provisioningState"] == "Failed"
    status = view(arm, vm)["extensions"][0]["statuses"][0]
    assert (status["code"], status["level"]) == ("ProvisioningState/failed", "Error")


def test_a_silent_agent_fails_every_extension(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"vmAgent": "Not Ready"}}}}})
    answer = put(arm, "a")
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["error"]["code"] == "VMAgentStatusCommunicationError"


def test_a_fault_hits_the_extensions_of_a_vm(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.sim.add_fault({"action": "extension-put", "vm": one, "fault": {"status": 503}})
    assert [put(arm, name).status_code for name in (one, two)] == [503, 201]


def test_a_world_may_have_extensions(arm: Arm) -> None:
    vm = {"extensions": ["Health", {"name": "script", **SCRIPT, "provisioningState": "Failed"}]}
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": vm}}}})
    items = arm.get(f"{arm.sim.vm_id('a')}/extensions").json()["value"]
    states = [(item["name"], item["properties"]["provisioningState"]) for item in items]
    assert states == [("Health", "Succeeded"), ("script", "Failed")]
    with pytest.raises(ValueError, match="colour"):
        arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"extensions": [{"colour": 1}]}}}}})
