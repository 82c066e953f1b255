"""A call for many instances that Azure refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import GONE, REPLACED, Instance
from azext_flexcompare.planning.refused_call import settle_refused
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import BUSY
from tests.latest.helpers.worlds import OPERATIONS

Members = Callable[[], list[Instance]]
settle = partial(settle_refused, OPERATIONS["restart"])


def prepare(instances: list[Instance]) -> list[Work]:
    return [Work(instances, Exception, prepare=prepare)]  # type: ignore[arg-type]  # nobody calls it


def refused(instances: list[Instance]) -> Outcome[Work]:
    return Outcome(prepare(instances)[0], Status.FAILED, BUSY)


def test_those_that_are_left_are_called_again(azure: Azure, members: Members, sim: Simulator) -> None:
    chosen = members()
    sim.remove_vm(chosen[0].name)
    sim.replace_vm(chosen[1].name)
    *skipped, work = settle(azure, refused(chosen))
    assert [(one.target, one.status, one.reason) for one in skipped if isinstance(one, Outcome)] == [
        (chosen[0], "Skipped", GONE),
        (chosen[1], "Skipped", REPLACED),
    ]
    assert isinstance(work, Work)
    assert work.instances == chosen[2:]


def test_nobody_is_called_again_where_all_are_there(azure: Azure, members: Members) -> None:
    chosen = members()
    found = settle(azure, refused(chosen))
    assert [(one.target, one.error) for one in found if isinstance(one, Outcome)] == [(one, BUSY) for one in chosen]


def test_a_list_that_may_not_be_read_leaves_the_error(azure: Azure, members: Members, sim: Simulator) -> None:
    chosen = members()
    sim.remove_vm(chosen[0].name)
    sim.add_fault({"action": "list", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}})
    found = settle(azure, refused(chosen))
    assert {one.status for one in found if isinstance(one, Outcome)} == {"Failed"}


def test_an_accepted_call_is_never_made_again(azure: Azure, members: Members, sim: Simulator) -> None:
    chosen = members()
    sim.remove_vm(chosen[0].name)
    found = settle(azure, Outcome(prepare(chosen)[0], Status.FAILED, BUSY, url="https://x"))
    assert len(found) == len(chosen)
