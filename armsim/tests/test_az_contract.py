"""Paths that the installed azure-cli calls, and their routes."""

from __future__ import annotations

from importlib import import_module

import pytest

from armsim.dispatch import ROUTES

pytest.importorskip("azure.cli.command_modules.vm")

COMMANDS = [
    ("vm", "start", "Start", "POST", "start"),
    ("vm", "stop", "Stop", "POST", "powerOff"),
    ("vm", "deallocate", "Deallocate", "POST", "deallocate"),
    ("vm", "restart", "Restart", "POST", "restart"),
    ("vm", "redeploy", "Redeploy", "POST", "redeploy"),
    ("vm", "reimage", "Reimage", "POST", "reimage"),
    ("vm", "reapply", "Reapply", "POST", "reapply"),
    ("vm", "perform_maintenance", "PerformMaintenance", "POST", "performMaintenance"),
    ("vm", "simulate_eviction", "SimulateEviction", "POST", "simulateEviction"),
    ("vm", "delete", "Delete", "DELETE", "delete"),
    ("vm", "show", "Show", "GET", "get"),
    ("vm", "list", "List", "GET", "list"),
    ("vm", "list_all", "ListAll", "GET", "listAll"),
    ("vmss", "show", "Show", "GET", "scaleSet"),
    ("vmss", "list", "List", "GET", "listScaleSets"),
    ("vmss", "list", "List", "GET", "listAllScaleSets"),
    ("vmss", "list_instances", "ListInstances", "GET", "listInstances"),
    ("vmss", "start", "Start", "POST", "vmss-start"),
    ("vmss", "stop", "Stop", "POST", "vmss-powerOff"),
    ("vmss", "restart", "Restart", "POST", "vmss-restart"),
    ("vmss", "deallocate", "Deallocate", "POST", "vmss-deallocate"),
    ("vmss", "reimage", "Reimage", "POST", "vmss-reimage"),
    ("vmss", "reimageall", "Reimageall", "POST", "vmss-reimageall"),
    ("vmss", "delete_instances", "DeleteInstances", "POST", "vmss-delete"),
    ("vmss", "perform_maintenance", "PerformMaintenance", "POST", "vmss-performMaintenance"),
    ("vm", "patch", "Patch", "PATCH", "vm-update"),
    ("vm", "create", "Create", "PUT", "vm-put"),
    ("vm.extension", "create", "Create", "PUT", "extension-put"),
    ("vm.extension", "show", "Show", "GET", "extension"),
    ("vm.extension", "list", "List", "GET", "extensions"),
    ("vm.extension", "delete", "Delete", "DELETE", "extension-delete"),
    ("vm.run_command", "invoke", "Invoke", "POST", "runCommand"),
    (
        "vmss",
        "set_orchestration_service_state",
        "SetOrchestrationServiceState",
        "POST",
        "setOrchestrationServiceState",
    ),
]


@pytest.mark.parametrize(("group", "module", "name", "method", "action"), COMMANDS)
def test_the_path_of_a_command_is_served(group: str, module: str, name: str, method: str, action: str) -> None:
    command = getattr(import_module(f"azure.cli.command_modules.vm.aaz.latest.{group}._{module}"), name)
    paths = [path for _, path, _ in command._aaz_info["resources"]]
    assert action in {ROUTES.find(method, path)[0].action for path in paths}
