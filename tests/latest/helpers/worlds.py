"""Simulated worlds, and what was asked of them."""

from __future__ import annotations

import shlex
from itertools import combinations
from typing import Any

import pytest

from armsim import Simulator
from armsim.intervals import Interval
from azext_flexcompare.arm.locks import OURS
from azext_flexcompare.table.entries import Operation, operations

ACTING = ("POST", "DELETE", "PUT", "PATCH")


def changes(sim: Simulator) -> list[dict[str, Any]]:
    """The requests that change something, in the order in which they came."""
    return [one for one in sim.requests() if one["method"] in ACTING and "resourcegraph" not in one["path"].lower()]


EACH = [one for one in operations() if one.target != "set"]  # the others are one call for many
EVERY = ("-g", "rg", "--vmss-name", "flex", "--instance-ids", "*", "--yes")
ACTIONS = {  # what the simulator calls the requests that are not a POST of an action
    "DELETE {vm}": "delete",
    "DELETE {vm}/extensions/NAME": "extension-delete",
    "DELETE {vm}/runCommands/NAME": "run-command-delete",
    "DELETE {vm}/providers/Microsoft.Authorization/locks/NAME": "lock-delete",
    "PATCH {vm}": "vm-update",
    "PATCH {vm}/extensions/NAME": "extension-update",
    "PUT {vm}/extensions/NAME": "extension-put",
    "PUT {vm}/runCommands/NAME": "run-command-put",
    "PUT {vm}/providers/Microsoft.Authorization/locks/NAME": "lock-put",
}
WORLD = {  # instances that take every operation
    "priority": "Spot",
    "evictionPolicy": "Deallocate",
    "hibernationEnabled": True,
    "maintenanceAllowed": True,
    "extensions": ["customScript"],
    "runCommands": ["check"],
}
LOCKED = {"protection remove": {"locks": {OURS: {"level": "CanNotDelete"}}}}


def given(operation: Operation) -> list[str]:
    """The operation and the options that it does nothing without, as its row gives them for an example."""
    return [*operation.name.split(), *EVERY, *shlex.split(operation.example)]


def action_of(operation: Operation) -> str:
    return ACTIONS.get(operation.request) or operation.request.rpartition("/")[2]


EVER = float("inf")


def end_of(interval: Interval) -> float:
    return EVER if interval.ended is None else interval.ended


def zones_together(sim: Simulator) -> list[tuple[Interval, Interval]]:
    """The operations of different zones that ran at one time."""
    return [
        (one, other)
        for one, other in combinations(sim.intervals(), 2)
        if one.zone != other.zone and one.began < end_of(other) and other.began < end_of(one)
    ]


BY_SET = [one for one in operations() if "set" in (one.engines or {})]
each_set_call = pytest.mark.parametrize("operation", BY_SET, ids=lambda operation: operation.name)


def way_of(operation: Operation) -> dict[str, Any]:
    return (operation.engines or {})["set"]


OPERATIONS = {operation.name: operation for operation in operations()}


def many_sets(sim: Simulator, number: int, instances: int = 2, **settings: Any) -> tuple[str, ...]:
    """Make a world of scale sets with so many instances each, and return their ids."""
    scale_sets = {f"set{place}": {"mode": "Flexible", "instances": instances} for place in range(number)}
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": scale_sets}}})
    sim.configure(**settings)
    return tuple(sim.scale_sets.values())
