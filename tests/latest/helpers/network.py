"""Load balancers of the simulated Azure: what was written, and what shall go wrong."""

from __future__ import annotations

from typing import Any

from armsim import Simulator
from tests.latest.helpers.worlds import changes

LOST = {"status": 412, "code": "PreconditionFailed", "message": "It has changed."}


def puts(sim: Simulator, kind: str) -> list[dict[str, Any]]:
    return [one for one in changes(sim) if one["method"] == "PUT" and f"/{kind.lower()}/" in one["path"].lower()]


def wrong(sim: Simulator, kind: str, fault: dict[str, Any], **rule: Any) -> None:
    action = {"loadBalancers": "lb-put", "networkInterfaces": "nic-put"}[kind]
    sim.add_fault({"action": action, "fault": fault, **rule})
