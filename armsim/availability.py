"""Record of when each VM was available: it ran, no operation was in progress, its guest was ready and healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from armsim.world.model import Vm


class AvailabilityChange(NamedTuple):
    """A change of one VM: since a moment, like `monotonic` in the request log, it is unavailable for a reason, or not.

    A VM that was removed is `gone`: it counts no longer.
    """

    vm: str
    scale_set: str | None
    moment: float
    why: str | None
    gone: bool = False


class Availability:
    """Every change since the last reset, each VM's first being the state that it had."""

    def __init__(self) -> None:
        self._changes: list[AvailabilityChange] = []
        self._now: dict[str, tuple[str | None, bool]] = {}

    def note(self, vm: Vm, moment: float, *, gone: bool = False) -> None:
        """Record a VM as it is, where that is a change."""
        why = None if gone else why_unavailable(vm)
        if self._now.get(vm.spec.id) != (why, gone):
            self._now[vm.spec.id] = (why, gone)
            self._changes.append(AvailabilityChange(vm.spec.name, vm.spec.scale_set, moment, why, gone=gone))

    def read(self) -> list[AvailabilityChange]:
        """Return them all, in the order in which they were recorded."""
        return list(self._changes)


def why_unavailable(vm: Vm) -> str | None:
    """Return why a VM is not available, or None; one without the health extension has no health of an application."""
    if vm.state.provisioning != "Succeeded":
        return vm.state.provisioning
    if vm.state.power != "running":
        return vm.state.power
    if vm.agent and vm.agent.word != "Ready":
        return f"agent {vm.agent.word}"
    reports = any(one.reports_health for one in vm.extensions.values())
    return f"application {vm.health.word}" if reports and vm.health and vm.health.word != "healthy" else None


def most_unavailable(changes: list[AvailabilityChange], scale_set: str) -> int:
    """Return how many VMs of a scale set were unavailable at once, at most."""
    down, most = set[str](), 0
    for one in sorted((one for one in changes if one.scale_set == scale_set), key=lambda one: one.moment):
        (down.discard if one.why is None else down.add)(one.vm)
        most = max(most, len(down))
    return most
