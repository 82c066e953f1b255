"""`set-orchestration-service-state`."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from armsim import Simulator
from azext_flexcompare.execution.service_state import set_service_state
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.worlds import changes


def test_each_set_gets_one_call_and_one_row(cli_ctx: Any, sim: Simulator) -> None:
    ids = tuple(sim.scale_sets[name] for name in ("flex", "other"))
    rows = set_service_state(cli_ctx, Choice(ids=ids), "AutomaticRepairs", "Suspend", 60)
    assert [(row["scaleSet"], row["status"]) for row in rows] == [("flex", "Succeeded"), ("other", "Succeeded")]
    assert [one["body"] for one in changes(sim)] == [{"serviceName": "AutomaticRepairs", "action": "Suspend"}] * 2


def test_ids_of_vms_are_refused(cli_ctx: Any, sim: Simulator) -> None:
    with pytest.raises(InvalidArgumentValueError, match="these are ids of virtual machines"):
        set_service_state(cli_ctx, Choice(ids=(sim.vm_id("lonely"),)), "AutomaticRepairs", "Resume", 60)
    assert changes(sim) == []
