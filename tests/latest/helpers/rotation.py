"""A simulated scale set behind a load balancer, and who was operated on while in rotation there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from armsim import Simulator
from armsim.intervals import Interval
from tests.latest.helpers.worlds import end_of

MEMBERS = [f"web_{number}" for number in range(1, 7)]
HTTP = {"pool": "pool", "frontendPort": 80, "backendPort": 80, "probe": "http"}


def balanced(
    members: Collection[str] = MEMBERS,
    *,
    states: dict[str, str] | None = None,
    overrides: dict[str, Any] | None = None,
    **load_balancer: Any,
) -> dict[str, Any]:
    """Return a world whose set `flex` is in `lb/pool`; other things of the load balancer may be given."""
    lb = {
        "backendPools": {"pool": {"scaleSets": ["flex"], "adminStates": states or {}}},
        "loadBalancingRules": {"http": HTTP},
        "probes": {"http": 80},
        **load_balancer,
    }
    flex = {"mode": "Flexible", "instances": list(members), "overrides": overrides or {}}
    return {"resourceGroups": {"rg": {"scaleSets": {"flex": flex}, "loadBalancers": {"lb": lb}}}}


def admin_states(sim: Simulator) -> dict[str, str]:
    """Return the administrative state of each VM that is not None, as the load balancer has it."""
    return {one["vm"]: one["adminState"] for one in sim.backends() if one["adminState"] != "None"}


def pool_writes(sim: Simulator) -> list[dict[str, Any]]:
    return [one for one in sim.requests() if one["action"] == "pool-put" and one["status"] in (200, 201)]


def operated_in_rotation(sim: Simulator, *, but: Collection[str] = ()) -> list[str]:
    """List the VMs that were operated on at a moment in which they were in rotation of some pool."""
    turns = _times_in_rotation(sim)
    return sorted(
        {
            one.vm
            for one in sim.intervals()
            if one.vm not in but and any(_meet(one, *span) for span in turns.get(one.vm, ()))
        }
    )


def _meet(interval: Interval, came: float, left: float) -> bool:
    return came < end_of(interval) and interval.began < left


def _times_in_rotation(sim: Simulator) -> dict[str, list[tuple[float, float]]]:
    spans: dict[str, list[tuple[float, float]]] = {}
    for vm, came, left in _spans(sim):
        spans.setdefault(vm, []).append((came, left))
    return spans


def _spans(sim: Simulator) -> Iterator[tuple[str, float, float]]:
    since: dict[tuple[str, str], float] = {}
    for turn in sim.rotation():
        if turn.in_rotation:
            since[turn.vm, turn.pool] = turn.moment
        else:
            yield turn.vm, since.pop((turn.vm, turn.pool)), turn.moment
    for (vm, _), moment in since.items():
        yield vm, moment, float("inf")
