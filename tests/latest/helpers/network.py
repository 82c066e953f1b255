"""Load balancers of the simulated Azure: what was written, and what shall go wrong."""

from __future__ import annotations

from typing import Any

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.worlds import changes

LOST = {"status": 412, "code": "PreconditionFailed", "message": "It has changed."}


def puts(sim: Simulator, kind: str) -> list[dict[str, Any]]:
    return [one for one in changes(sim) if one["method"] == "PUT" and f"/{kind.lower()}/" in one["path"].lower()]


def wrong(sim: Simulator, kind: str, fault: dict[str, Any], **rule: Any) -> None:
    action = {"loadBalancers": "lb-put", "networkInterfaces": "nic-put"}[kind]
    sim.add_fault({"action": action, "fault": fault, **rule})


def reset_to_addresses(sim: Simulator) -> list[str]:
    """Reset to a world whose set `flex` is reached in every way, and return the names of its instances.

    The first has a NAT rule of its own, the first four a port of a rule v2, the second and the last a public address;
    the network interface of the second is in another group, and the third has two of them and no known user.
    """
    world = default_description(6)
    groups = world["resourceGroups"]
    groups["net"] = {}
    groups["rg"]["scaleSets"]["flex"]["overrides"] = {
        "#1": {"publicAddress": True, "nicGroup": "net"},
        "#2": {"secondNic": True, "adminUsername": None},
        "#3": {"osType": "Windows", "latestModelApplied": False, "vmHealth": "unhealthy"},
        "#5": {"publicAddress": True, "priority": "Spot"},
    }
    sim.reset(world)
    names = sim.names("flex")
    groups["rg"]["loadBalancers"]["flex-lb"]["natRules"] = {
        "ssh": {"vm": names[0], "frontendPort": 40000, "backendPort": 22},
        "web": {"pool": "flex-pool", "frontendPortRangeStart": 51000, "frontendPortRangeEnd": 51003, "backendPort": 80},
        "v2": {"pool": "flex-pool", "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50003, "backendPort": 22},
    }
    sim.reset(world)
    return names
