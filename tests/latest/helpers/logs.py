"""Job logs as a test writes and cuts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azext_flexcompare.planning.run_options import RunOptions

Record = dict[str, Any]
IDS = [f"/vm{number}" for number in range(3)]
PLANNED = {
    "instance": "vm",
    "resourceGroup": "rg",
    "scaleSet": "flex",
    "scaleSetId": "/set",
    "powerState": "running",
    "location": "westeurope",
    "provisioned": ["2026"],
    "batch": 1,
    "zone": None,
    "faultDomain": 0,
}
HOW = RunOptions(timeout=9, health_timeout=9).to_log()
PLAN = {
    "record": "plan",
    "version": 1,
    "operation": "restart",
    "scaleSets": ["/set"],
    "options": {},
    "choice": {},
    "how": HOW,
    "batches": 1,
    "instances": [{"id": id_, **PLANNED} for id_ in IDS],
}
OUTCOME = {
    "record": "outcome",
    "status": "Succeeded",
    "error": None,
    "reason": None,
    "startedAt": None,
    "finishedAt": None,
    "durationSeconds": 1.5,
    "operationUrl": None,
}


def records_of(log: Path) -> list[Record]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def write(log: Path, *records: Record, torn: bytes = b"") -> None:
    log.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in records) + torn)


def cut(log: Path, keep: Callable[[Record], bool]) -> None:
    """Leave a log as a run would that was killed: what is kept, and a torn line."""
    write(log, *filter(keep, records_of(log)), torn=b'{"record":"outc')


WHOLE = [PLAN, {"record": "intent", "id": IDS[0]}, {"record": "accepted", "id": IDS[0], "operationUrl": "u"}]
WHOLE += [{"record": "throttled", "id": IDS[1], "seconds": None}, {**OUTCOME, "id": IDS[0]}]
WHOLE += [
    {"record": "postponed", "id": IDS[1], "request": "send", "code": "NotSent"},
    {"record": "health", "batch": 1, "unhealthy": []},
    {"record": "stopped", "reason": "r"},
    {"record": "of another day"},
]
