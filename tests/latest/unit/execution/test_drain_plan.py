"""What a log says of who is out of rotation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.execution.drain_plan import earlier_drains
from azext_flexcompare.execution.planned_instances import planned_instance
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.drains import BEGUN, Drained, drain_record
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.replay import replay
from tests.latest.helpers.logs import HOW, IDS, OUTCOME, PLAN, write

OUT = [Drained(ResourceId(one), "/lb/pool", one, "None") for one in IDS]
SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/flex"


@pytest.mark.parametrize(
    ("gate", "healthy", "statuses"),
    [
        (None, False, {IDS[0]: "Succeeded", IDS[1]: "Failed", IDS[2]: "NotStarted"}),
        (["vm-agent"], False, {IDS[1]: "Failed", IDS[2]: "NotStarted"}),
        (["vm-agent"], True, {IDS[0]: "Succeeded", IDS[1]: "Failed", IDS[2]: "NotStarted"}),
    ],
)
def test_an_instance_behind_its_gate_has_no_status(
    tmp_path: Path, gate: list[str] | None, healthy: bool, statuses: dict[str, str]
) -> None:
    log = tmp_path / "log"
    instances = [{**one, "scaleSetId": SET} for one in PLAN["instances"]]  # type: ignore[attr-defined]
    how = {**HOW, "healthGate": gate or []}
    plan: dict[str, Any] = {**PLAN, "scaleSets": [SET], "how": how, "instances": instances}
    ends = [{**OUTCOME, "id": IDS[0]}, {**OUTCOME, "id": IDS[1], "status": "Failed"}]
    passed = [{"record": "health", "batch": 1, "unhealthy": []}] if healthy else []
    write(log, plan, drain_record(BEGUN, 1, OUT[:2]), plan, drain_record(BEGUN, 1, OUT[2:]), *ends, *passed)
    logged_run = replay(read_records(str(log)))
    found = [(planned_instance(one.planned), one) for one in logged_run.instances.values()]
    earlier = earlier_drains(str(log), logged_run, found)
    assert earlier.out == OUT  # of an earlier plan as well
    assert earlier.statuses == statuses
