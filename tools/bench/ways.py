"""The ways to operate on all instances of a Flexible scale set."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from armsim.compute.bulk import DATA
from azext_flexcompare.table.entries import operations
from tools.sandbox import AZ

OF_SET = ("-g", "rg", "-n", "flex")
WIDTH = 16
LARGEST: int = DATA["limits"]["ids"]  # of one call of the bulk service


class Way(NamedTuple):
    """A way: its name, its command, and whether the ids of the VMs are arguments or lines of its input.

    `calls` returns the number of calls for a number of VMs. A way that `sleeps` most of the time disturbs no other.
    """

    key: str
    name: str
    command: tuple[str, ...]
    calls: Callable[[int], int]
    ids: str | None = None
    ours: bool = False
    sleeps: bool = False


def ways(operation: str) -> list[Way]:
    """List the ways that support an operation, those of other tools first."""
    return [*_theirs(operation), *_ours(operation)]


def _theirs(operation: str) -> list[Way]:
    az, one = str(AZ), ("vm", operation, "--ids")
    xargs = ("xargs", "-P", str(WIDTH), "-n", "1", az, *one)
    return [
        Way("az-vm", f"az vm {operation} --ids", (az, *one), _each, ids="arguments", sleeps=True),
        Way("xargs", f"xargs -P {WIDTH} az vm {operation}", xargs, _each, ids="input"),
        Way("az-vmss", f"az vmss {operation}", (az, "vmss", operation, *OF_SET), _one),
    ]


def _ours(operation: str) -> list[Way]:
    (entry,) = [one for one in operations() if one.name == operation]
    counted = {"set": _one, "bulk": _hundreds}
    engines = [("vm", _each), *((engine, counted[engine]) for engine in entry.engines or ())]
    name, command = f"az vmss-flex {operation}", (str(AZ), "vmss-flex", operation, *OF_SET)
    return [
        Way(engine, f"{name} --engine {engine}", (*command, "--engine", engine), calls, ours=True)
        for engine, calls in engines
    ]


def _each(vms: int) -> int:
    return vms


def _one(vms: int) -> int:  # noqa: ARG001
    return 1


def _hundreds(vms: int) -> int:
    return ceil(vms / LARGEST)
