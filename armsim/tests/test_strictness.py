"""Refusal of everything that is not simulated."""

from __future__ import annotations

import pytest

from armsim.tests.client import Arm, code_of


def test_a_request_without_api_version_gets_arms_own_400(arm: Arm, vm: str) -> None:
    answer = arm.session.get(f"{arm.sim.url}{arm.sim.vm_id(vm)}")
    assert (answer.status_code, code_of(answer)) == (400, "MissingApiVersionParameter")


def test_a_malformed_api_version_is_refused(arm: Arm, vm: str) -> None:
    answer = arm.get(arm.sim.vm_id(vm), **{"api-version": "latest"})
    assert (answer.status_code, code_of(answer)) == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize(
    ("method", "tail", "named"),
    [
        ("POST", "/explode", "explode"),
        ("PUT", "/restart", "PUT"),
        ("PATCH", "/restart", "PATCH"),
        ("GET", "/vmSizes", "vmSizes"),
        ("GET", "?$select=name", "$select"),
        ("GET", "?$expand=everything", "everything"),
        ("POST", "/restart?force=true", "force"),
    ],
)
def test_what_is_not_modelled_is_named_in_a_501(arm: Arm, vm: str, method: str, tail: str, named: str) -> None:
    answer = arm(method, arm.sim.vm_id(vm) + tail)
    assert (answer.status_code, code_of(answer)) == (501, "NotSimulated")
    assert named in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "query", ["$filter=name eq 'x'", "$expand=instanceView,userData", "$top=3", "useResourceGraph=true"]
)
def test_a_list_refuses_the_parameters_that_it_does_not_know(arm: Arm, query: str) -> None:
    name, _, value = query.partition("=")
    answer = arm.get(arm.vms(), **{name: value})
    assert answer.status_code == 501


def test_the_refused_request_is_in_the_log(arm: Arm) -> None:
    arm.get("/nonsense")
    assert [(e["path"], e["status"], e["error"]) for e in arm.sim.requests()] == [("/nonsense", 501, "NotSimulated")]


def test_paths_match_in_any_case(arm: Arm, vm: str) -> None:
    assert arm.get(arm.sim.vm_id(vm).upper()).json()["name"] == vm
    assert arm("POST", f"{arm.sim.vm_id(vm)}/poweroff").status_code == 202


def test_a_body_that_is_no_json_is_refused(arm: Arm, vm: str) -> None:
    url = f"{arm.sim.url}{arm.sim.vm_id(vm)}/reimage?api-version=2024-03-01"
    assert code_of(arm.session.post(url, data=b"{")) == "InvalidRequestContent"


def test_an_unknown_member_of_a_body_is_refused(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "reimage", {"tempDisk": True, "colour": "blue"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["error"]["message"]
    assert arm.sim.vm(vm)["accepted"] == {}


def test_a_flag_is_true_or_false(arm: Arm, vm: str) -> None:
    assert code_of(arm.act(vm, "powerOff", skipShutdown="maybe")) == "InvalidParameter"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/subscriptions/11111111-1111-1111-1111-111111111111", "SubscriptionNotFound"),
        ("{rg}nowhere", "ResourceGroupNotFound"),
        ("{rg}nowhere/providers/Microsoft.Compute/virtualMachines", "ResourceGroupNotFound"),
        ("{rg}rg/providers/Microsoft.Compute/virtualMachines/ghost", "ResourceNotFound"),
        ("{rg}rg2/providers/Microsoft.Compute/virtualMachines/lonely", "ResourceNotFound"),
        ("{rg}rg/providers/Microsoft.Compute/virtualMachineScaleSets/ghost", "ResourceNotFound"),
        ("{rg}rg/providers/Microsoft.Compute/virtualMachineScaleSets/flex/virtualMachines/lonely", "ResourceNotFound"),
    ],
)
def test_what_does_not_exist_gets_arms_404(arm: Arm, path: str, code: str) -> None:
    answer = arm.get(path.format(rg=f"/subscriptions/{arm.sim.subscription}/resourceGroups/"))
    assert (answer.status_code, code_of(answer)) == (404, code)


def test_the_404_of_a_resource_has_arms_wording(arm: Arm) -> None:
    message = arm.get(f"{arm.vms()}/ghost").json()["error"]["message"]
    assert message.startswith("The Resource 'Microsoft.Compute/virtualMachines/ghost' under resource group 'rg' was")


def test_answers_carry_the_headers_of_arm(arm: Arm, vm: str) -> None:
    headers = arm.act(vm, "restart").headers
    assert headers["x-ms-ratelimit-remaining-subscription-writes"] == "199"
    assert headers["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/UpdateVMSubscriptionMaximum;")
    assert headers["x-ms-request-id"]
    assert headers["x-ms-correlation-request-id"]
    assert headers["Date"]
