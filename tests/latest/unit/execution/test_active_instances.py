"""The instances that may still be in operation."""

from __future__ import annotations

from collections.abc import Callable

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.active_instances import ActiveInstances, find_active
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.outcome import Outcome, Status

Members = Callable[[], list[Instance]]


def never() -> bool:
    return False


def test_an_instance_whose_end_was_not_seen_is_active_until_it_was(azure: Azure, members: Members) -> None:
    first, second, *_ = members()
    active = ActiveInstances(azure, never)
    active.update([Outcome(first, Status.TIMED_OUT), Outcome(second, Status.SUCCEEDED)])
    assert list(active.by_id) == [first.id]
    active.update([Outcome(first, Status.SUCCEEDED)])
    assert active.by_id == {}


def test_an_instance_in_operation_is_found_outside_its_own_domain_only(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    sim.configure(seconds=600)
    chosen = members()
    first, second = (next(one for one in chosen if one.zone == zone) for zone in ("1", "2"))
    azure.compute(None).virtual_machines.begin_restart("rg", first.name, polling=False)
    active = ActiveInstances(azure, never, [first, second])
    assert active.outside([first], ["zone"]) == []
    assert [one.name for one in active.outside([second], ["zone"])] == [first.name]


def test_an_instance_that_no_longer_exists_is_not_active(azure: Azure, members: Members) -> None:
    assert find_active(azure, [members()[0]._replace(name="nobody")], never) == []
