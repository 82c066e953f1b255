"""Reports of the guest: its agent and the application in it.

As recorded, a report stays as it is, with its old time, while the VM stops, starts or restarts, and a later one
replaces it. A world may say otherwise for a VM: Not Ready from the boot on, until a number of seconds after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armsim.world.model import NOT_READY, STALE, UNRESPONSIVE, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from armsim.cloud import Cloud
    from armsim.world.model import Vm

_INITIALIZING = "initializing"
_WITHOUT_GUEST = {"deallocated", "hibernated"}


def is_silent(vm: Vm) -> bool:
    """Return whether the agent of a VM will never report."""
    ready = vm.agent is not None and vm.agent.word == "Ready"
    return vm.spec.vm_agent != "Ready" or (not ready and vm.spec.agent_ready_after is None)


def go_down(cloud: Cloud, vm: Vm, moment: float) -> None:
    """Set the reports of a guest that begins to boot or to stop."""
    vm.boots += 1
    if vm.spec.agent_ready_after not in {0, STALE}:
        vm.agent = Report(NOT_READY, cloud.at(moment))
    if vm.spec.healthy_after not in {0, STALE}:
        vm.health = Report(_INITIALIZING, cloud.at(moment))
    cloud.availability.note(vm, moment)


def come_up(cloud: Cloud, vm: Vm, booted: float) -> None:
    """Set the reports of a guest that has booted, each in its own time."""
    spec = vm.spec

    def report_agent(due: float) -> None:
        vm.agent = Report(spec.vm_agent, cloud.at(due))
        cloud.availability.note(vm, due)

    def report_application(due: float) -> None:
        vm.health = Report(spec.vm_health, cloud.at(due))
        cloud.availability.note(vm, due)

    for delay, report in ((spec.agent_ready_after, report_agent), (spec.healthy_after, report_application)):
        if delay == 0:
            report(booted)
        elif delay is not None:
            seconds = cloud.settings.report_after * cloud.settings.seconds if delay == STALE else float(delay)
            _later(cloud, vm, booted + seconds, report)


def shut_down(cloud: Cloud, vm: Vm, moment: float) -> None:
    """Set the reports of a guest that has stopped: a deallocated VM has none, a stopped one keeps the last for a time.

    That an agent is Not Ready 12 minutes after a stop, as an agent that is unresponsive, is recorded.
    """
    vm.boots += 1
    if vm.state.power in _WITHOUT_GUEST:
        vm.agent = vm.health = None
        return

    def lose_agent(due: float) -> None:
        vm.agent = Report(UNRESPONSIVE, cloud.at(due))

    _later(cloud, vm, moment + cloud.settings.unresponsive_after, lose_agent)


def _later(cloud: Cloud, vm: Vm, due: float, report: Callable[[float], None]) -> None:
    """Schedule a report that comes unless the VM boots or stops before."""
    boots = vm.boots

    def event(due: float) -> None:
        if vm.boots == boots:
            report(due)

    cloud.events.add(due, event)
