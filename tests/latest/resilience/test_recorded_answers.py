"""Recorded answers of Azure, fed to the real `az`, and what the extension reads in them.

The instances are those of a simulated scale set that has the recorded names; the operation is answered by a recording.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator
from tests.latest.helpers.az import WarmAz
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.recordings import Exchange, exchanges, needs_recordings, recorded

pytestmark = needs_recordings
LIFECYCLE = "vm-lifecycle-stop-start-restart-redeploy-deallocate"
SCRIPT = ("--command-id", "RunShellScript", "--scripts", "anything")
EXTENSION = ("--version", "1.0", "--publisher")
SET = "web"


class Case(NamedTuple):
    """A recording, the request in it that acts, what is asked for, and the fields of the row that comes of it."""

    file: str
    action: str
    command: tuple[str, ...]
    expected: dict[str, Any]
    began: str | None = None  # by the service's own clock


SUCCEEDED = {"status": "Succeeded", "error": None, "reason": None}
CASES = [
    Case(LIFECYCLE, "/powerOff", ("stop",), SUCCEEDED, "2024-08-27T10:10:20.137Z"),
    Case(LIFECYCLE, "/start", ("start",), SUCCEEDED, "2024-08-27T10:10:53.559Z"),
    Case(LIFECYCLE, "/restart", ("restart",), SUCCEEDED, "2024-08-27T10:11:06.981Z"),
    Case(LIFECYCLE, "/redeploy", ("redeploy",), SUCCEEDED, "2024-08-27T10:11:50.950Z"),
    Case(LIFECYCLE, "/deallocate", ("deallocate",), SUCCEEDED, "2024-08-27T10:14:26.060Z"),
    Case("vm-start-with-retry-after", "/start", ("start",), SUCCEEDED, "2019-12-13T18:23:54.213Z"),
    Case("vm-deallocate-with-retry-after", "/deallocate", ("deallocate",), SUCCEEDED, "2019-12-16T07:03:43.057Z"),
    Case("vm-delete-with-retry-after", "", ("delete-instances", "--yes"), SUCCEEDED, "2019-12-16T07:41:43.080Z"),
    Case("vm-patch", "", ("update", "--tags", "a=b"), SUCCEEDED, "2024-08-26T08:57:44.100Z"),
    Case(
        "run-command-linux",
        "",
        ("run-command", *SCRIPT),
        {**SUCCEEDED, "stdout": "/var/lib/waagent/run-command/download/0/script.sh hello", "stderr": ""},
    ),
    Case("run-command-script-failed", "", ("run-command", *SCRIPT), {**SUCCEEDED, "stdout": ""}),
    Case(
        "run-command-script-failed",
        "",
        ("run-command", *SCRIPT, "--fail-on-stderr"),
        {"status": "Failed", "error.code": "StandardError"},
    ),
    Case(
        "extension-put-failed",
        "",
        ("extension", "set", "--name", "OmsAgentForLinux", *EXTENSION, "Microsoft.EnterpriseCloud.Monitoring"),
        {"status": "Failed", "error.code": "VMExtensionProvisioningError"},
    ),
    Case(
        "operation-failed-agent",
        "",
        ("extension", "set", "--name", "GuestAttestation", *EXTENSION, "Microsoft.Azure.Security.LinuxAttestation"),
        {"status": "Failed", "error.code": "VMAgentStatusCommunicationError"},
    ),
    Case(
        "perform-maintenance-409",
        "",
        ("perform-maintenance",),
        {"status": "Failed", "error.code": "OperationNotAllowed"},
    ),
    Case(
        "vm-simulate-eviction",
        "eviction1/simulateEviction",
        ("simulate-eviction",),
        {"status": "Failed", "error.code": "OperationNotAllowed"},
    ),
    Case("vm-simulate-eviction", "eviction2/simulateEviction", ("simulate-eviction",), SUCCEEDED),
]


def place_of(found: list[Exchange]) -> tuple[str, str]:
    """Return the resource group and the VM that a recorded request acts on."""
    path = found[0].key[1].split("/")
    return path[path.index("resourcegroups") + 1], path[path.index("virtualmachines") + 1]


def world(group: str, name: str, **instance: Any) -> dict[str, Any]:
    capable = {"priority": "Spot", "evictionPolicy": "Deallocate", "maintenanceAllowed": True, **instance}
    scale_set = {"instances": [name], "overrides": {"*": capable}}
    return {"resourceGroups": {group: {"scaleSets": {SET: scale_set}}}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {' '.join(case.command[:2])}")
def test_a_recorded_operation_comes_to_what_it_says(case: Case, warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    found, log = exchanges(case.file, case.action), tmp_path / "log"
    group, name = place_of(found)
    sim.reset(world(group, name))
    with recorded(sim, found) as azure:
        done = warm.run(
            *case.command, "-g", group, "--vmss-name", SET, "--instance-ids", name, "--job-log", str(log),
            "--include-protected",
        )  # fmt: skip
    assert azure.served, done.stderr
    (row,) = done.json
    fields = {**row, "error.code": row["error"] and row["error"]["code"]}
    assert {field: fields[field] for field in case.expected} == case.expected, done.stderr
    assert not sim.accepted()  # nothing but the recording answered
    outcome = next(one for one in records_of(log) if one["record"] == "outcome")
    assert case.began in (None, outcome.get("serviceStartedAt"))


def test_the_message_of_a_recorded_failure_is_whole(warm: WarmAz, sim: Simulator) -> None:
    found = exchanges("operation-failed-agent")
    group, name = place_of(found)
    sim.reset(world(group, name))
    publisher = ("--publisher", "Microsoft.Azure.Security.LinuxAttestation", "--version", "1.0")
    with recorded(sim, found):
        done = warm.run("extension", "set", "-g", group, "--vmss-name", SET, "--name", "GuestAttestation", *publisher)
    assert done.exit == 4
    assert done.json[0]["error"] == found[-1].answer["body"]["error"]


@pytest.mark.parametrize(
    ("action", "passes"), [("restart", False), ("redeploy", True)], ids=["stale report", "newer report"]
)
def test_a_recorded_agent_report_passes_a_gate_only_if_it_is_newer(
    action: str, passes: bool, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    found, log = exchanges(LIFECYCLE, f"/{action}"), tmp_path / "log"
    group, name = place_of(found)
    sim.reset(world(group, name))
    gate = ("--health-gate", "vm-agent", "--health-timeout", "1", "--job-log", str(log))
    with recorded(sim, found):
        done = warm.run(action, "-g", group, "-n", SET, *gate)
    assert done.exit == (0 if passes else 5), done.stderr
    unhealthy = [one["unhealthy"] for one in records_of(log) if one["record"] == "health"]
    why = "Its VM agent has not reported since the operation; its last report is of 2024-08-27T10:09:47.000Z."
    assert [[one["reason"] for one in each] for each in unhealthy] == [[] if passes else [why]]


def test_recorded_power_states_are_waited_for(warm: WarmAz, sim: Simulator) -> None:
    found = exchanges(LIFECYCLE)
    group, name = place_of(found)
    sim.reset(world(group, name))
    with recorded(sim, found) as azure:
        for state in ("running", "stopped", "deallocated"):
            done = warm.run("wait", "-g", group, "-n", SET, "--power-state", state, "--timeout", "9")
            assert (done.exit, done.json[0]["status"]) == (0, "Succeeded"), done.stderr
    assert len(azure.served) == 6  # one answer after another, up to the last: deallocated


def test_a_recorded_list_is_read(warm: WarmAz, sim: Simulator) -> None:
    found = [*exchanges("set-get-flexible"), *exchanges("vm-list-filtered-by-set")]
    place = ("-g", "cli_test_vm_list_filter_000001", "-n", "vmss000002")
    with recorded(sim, found):
        done = warm.run("list-instances", *place)
    assert [row["instance"] for row in done.json] == ["vmss000002_5fe1a11b", "vmss000002_aef229f3"]
    first = done.json[0]
    assert "/resourceGroups/CLI_TEST_VM_LIST_FILTER_000001/" in first["id"]
    read = [first[name] for name in ("scaleSet", "zone", "faultDomain", "powerState", "provisioningState", "vmSize")]
    assert read == ["vmss000002", None, None, None, "Succeeded", "Standard_DS1_v2"]
    assert first["tags"] == {"VirtualMachineProfileTimeCreated": "4/28/2024 6:28:48 AM +00:00"}


def test_a_recorded_absence_is_the_end_of_a_wait(warm: WarmAz, sim: Simulator) -> None:
    found = exchanges("vm-404")
    group, name = place_of(found)
    sim.reset(world(group, name))
    with recorded(sim, found):
        done = warm.run("wait", "-g", group, "-n", SET, "--deleted", "--timeout", "9")
    assert (done.exit, done.json[0]["status"]) == (0, "Succeeded"), done.stderr


def test_a_recorded_refusal_keeps_its_code_and_details_when_the_time_is_over(warm: WarmAz, sim: Simulator) -> None:
    group, name = "cli_test_vm_lb_integration000001", "vm1"
    load_balancers = {"lb1": {"frontends": ["front"], "backendPools": {"pool": [SET]}}}
    given = world(group, name)
    given["resourceGroups"][group]["loadBalancers"] = load_balancers
    sim.reset(given)
    ports = ("--backend-port", "22", "--frontend-port-start", "51000")
    with recorded(sim, exchanges("lb-put-429")):
        done = warm.run("nat-rule", "create", "-g", group, "-n", SET, "--lb-name", "lb1", *ports, "--timeout", "1")
    error = done.json[0]["error"]
    assert (done.exit, done.json[0]["status"], error["code"]) == (4, "TimedOut", "RetryableError"), done.stderr
    assert "ReferencedResourceNotProvisioned" in error["message"]


def test_a_recorded_query_error_tells_its_details(warm: WarmAz, sim: Simulator) -> None:
    with recorded(sim, exchanges("resource-graph-error")):
        done = warm.run("list-instances", "-g", "rg", "-n", "flex", "--source", "resource-graph")
    assert done.exit == 1
    assert "InvalidQuery" in done.stderr


def test_recorded_rows_of_a_bulk_service_are_read(warm: WarmAz, sim: Simulator) -> None:
    group, name = "{rg}", "SA-CLIEXTVM-6"
    given = world("rg1", name, powerState="deallocated")
    given["resourceGroups"]["rg1"]["location"] = "eastus2euap"
    sim.reset(given)
    sim.configure(bulk_regions=[])
    found = exchanges("computeschedule-execute-start-status")
    with recorded(sim, [one._replace(answer=_in(one.answer, group, "rg1")) for one in found]) as azure:
        done = warm.run("start", "-g", "rg1", "-n", SET, "--engine", "bulk", "--timeout", "1")
    assert (done.exit, done.json[0]["status"]) == (4, "TimedOut"), done.stderr
    assert len(azure.served) > 1  # its status is Executing to the last


def _in(answer: dict[str, Any], placeholder: str, group: str) -> dict[str, Any]:
    """Return an answer with the group that the recorder left a placeholder for."""
    changed: dict[str, Any] = json.loads(json.dumps(answer).replace(placeholder, group))
    return changed
