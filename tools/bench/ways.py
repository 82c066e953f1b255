"""The ways to operate on all instances of Flexible scale sets."""

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
    """A way: its name, its command, and what it gets: ids of VMs or of sets, or names of sets.

    They are its arguments, or lines of its `input`. `calls` returns the number of calls for a number of VMs in a number
    of sets. A way that `sleeps` most of the time disturbs no other.
    """

    key: str
    name: str
    command: tuple[str, ...]
    calls: Callable[[int, int], int]
    gets: str | None = None
    input: bool = False
    sleeps: bool = False


def ways(operation: str, sets: int = 1) -> list[Way]:
    """List the ways that support an operation on so many sets, those of other tools first."""
    return [*_theirs(operation, sets), *_ours(operation, sets)]


def _theirs(operation: str, sets: int) -> list[Way]:
    az, one, of_set = str(AZ), ("vm", operation, "--ids"), ("vmss", operation)
    xargs = ("xargs", "-P", str(WIDTH), "-n", "1", az)
    of_vms = [
        Way("az-vm", f"az vm {operation} --ids", (az, *one), _each, gets="vms", sleeps=True),
        Way("xargs", f"xargs -P {WIDTH} az vm {operation}", (*xargs, *one), _each, gets="vms", input=True),
    ]
    if sets == 1:
        return [*of_vms, Way("az-vmss", f"az vmss {operation}", (az, *of_set, *OF_SET), _one_a_set, sleeps=True)]
    name, each = f"xargs -P {WIDTH} az vmss {operation}", (*xargs, *of_set, "-g", "rg", "-n")
    return [*of_vms, Way("xargs-vmss", name, each, _one_a_set, gets="names", input=True)]


def _ours(operation: str, sets: int) -> list[Way]:
    (entry,) = [one for one in operations() if one.name == operation]
    counted = {"set": _one_a_set, "bulk": _hundreds}
    engines = [("vm", _each), *((engine, counted[engine]) for engine in entry.engines or ())]
    name, command = f"az vmss-flex {operation}", (str(AZ), "vmss-flex", operation)
    target, gets = (OF_SET, None) if sets == 1 else (("--ids",), "sets")
    return [
        Way(engine, f"{name} --engine {engine}", (*command, "--engine", engine, *target), calls, gets=gets)
        for engine, calls in engines
    ]


def _each(vms: int, sets: int) -> int:  # noqa: ARG001
    return vms


def _one_a_set(vms: int, sets: int) -> int:  # noqa: ARG001
    return sets


def _hundreds(vms: int, sets: int) -> int:  # noqa: ARG001
    return ceil(vms / LARGEST)
