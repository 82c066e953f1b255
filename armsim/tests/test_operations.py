"""Long-running operations as a plain client and the SDK see them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from armsim.tests.client import Arm, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armsim import Simulator

DAY = 86400.0


def test_the_202_has_both_urls_and_no_retry_after(arm: Arm, vm: str) -> None:
    arm.sim.configure(retry_after_ms=None)
    answer = arm.act(vm, "restart")
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["azure-asyncnotification"] == "Enabled"
    start = f"{arm.sim.url}/subscriptions/{arm.sim.subscription}/providers/Microsoft.Compute/locations/westeurope"
    assert answer.headers["Azure-AsyncOperation"].startswith(f"{start}/operations/")
    assert "monitor=true" in answer.headers["Location"]
    assert not {"Retry-After", "retry-after-ms"} & set(answer.headers)


def test_the_operation_goes_from_in_progress_to_succeeded(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "restart")
    before = arm.follow(answer).json()
    assert (before["status"], set(before)) == ("InProgress", {"startTime", "status", "name"})
    assert arm.follow(answer, "Location").status_code == 202
    arm.sim.advance(DAY)
    after = arm.follow(answer).json()
    assert after == before | {"status": "Succeeded", "endTime": after["endTime"]}
    final = arm.follow(answer, "Location")
    assert (final.status_code, final.content) == (200, b"")


def test_the_settings_choose_what_a_client_hears_about_polling(arm: Arm, vm: str) -> None:
    arm.sim.configure(retry_after=17, retry_after_ms=40)
    answer = arm.act(vm, "restart")
    poll = arm.follow(answer)
    for headers in (answer.headers, poll.headers):
        assert (headers["Retry-After"], headers["retry-after-ms"]) == ("17", "40")


def test_an_unknown_operation_is_not_found(arm: Arm) -> None:
    path = f"/subscriptions/{arm.sim.subscription}/providers/Microsoft.Compute/locations/westeurope/operations/none"
    assert code_of(arm.get(path)) == "NotFound"


class StaticCredential:
    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


@pytest.fixture
def compute(arm: Arm) -> Iterator[ComputeManagementClient]:
    """The real client of the compute provider, on operations that take milliseconds."""
    arm.sim.configure(seconds=0.02)
    credential = StaticCredential(arm.session.headers["Authorization"].split()[1])
    with ComputeManagementClient(
        credential,
        arm.sim.subscription,
        base_url=arm.sim.url,
        credential_scopes=[f"{arm.sim.url}/.default"],
        connection_verify=str(arm.sim.ca_file),
        retry_total=0,
    ) as client:
        yield client


ACTIONS = [
    "begin_restart", "begin_redeploy", "begin_reapply", "begin_perform_maintenance", "begin_reimage",
    "begin_power_off", "begin_start", "begin_deallocate", "begin_delete",
]  # fmt: skip


def test_the_sdk_sees_every_operation_to_its_end(compute: ComputeManagementClient, sim: Simulator, vm: str) -> None:
    for action in ACTIONS:
        poller = getattr(compute.virtual_machines, action)("rg", vm)
        poller.result()
        assert poller.status() == "Succeeded"
    assert sim.vm(vm) is None
    operations = [entry for entry in sim.requests() if entry["status"] == 202 and entry["action"] != "poll"]
    assert len(operations) == len(ACTIONS)
    assert all(entry["vm"] == vm for entry in sim.requests())


def test_the_sdk_raises_what_a_failed_operation_says(compute: ComputeManagementClient, sim: Simulator, vm: str) -> None:
    fault = {"kind": "fail", "code": "AllocationFailed", "message": "No capacity."}
    sim.add_fault({"vm": vm, "action": "redeploy", "fault": fault})
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_redeploy("rg", vm).result()
    assert caught.value.error.code == "AllocationFailed"
    assert "No capacity." in str(caught.value)
    assert sim.vm(vm)["provisioningState"] == "Failed"


def test_the_sdk_pages_through_a_list(compute: ComputeManagementClient, sim: Simulator) -> None:
    sim.configure(page_size=2)
    expression = f"'virtualMachineScaleSet/id' eq '{sim.scale_sets['flex']}'"
    vms = list(compute.virtual_machines.list("rg", filter=expression, expand="instanceView"))
    assert [one.name for one in vms] == sim.names("flex")
    assert {one.instance_view.statuses[1].code for one in vms} == {"PowerState/running"}
    assert [entry["action"] for entry in sim.requests()] == ["list"] * 3
