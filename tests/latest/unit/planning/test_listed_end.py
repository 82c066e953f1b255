"""The list of a set's instances at the end of a call to the set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.cli.core.azclierror import AzCLIError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.planning.listed_end import ListedEnd
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Acceptance, Failure, OutcomeUnknown, Poll
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

BROKEN = Error("Broken", "It broke.")


class Answers:
    """A poller with these answers."""

    acceptance = Acceptance(Poll(done=False), "url")

    def __init__(self, *answers: Poll | Failure) -> None:
        self.left: Iterator[Poll | Failure] = iter(answers)

    def poll(self) -> Poll:
        answer = next(self.left)
        if isinstance(answer, Failure):
            raise answer
        return answer


@pytest.fixture
def end(azure: Azure, flex: ScaleSet) -> ListedEnd:
    one: Instance = instance()._replace(scale_set=flex)
    return ListedEnd(OPERATIONS["restart"], azure, one)


def lists(sim: Simulator) -> int:
    return sum(one["action"] == "list" for one in sim.requests())


def test_the_instances_are_listed_once_the_operation_has_ended(end: ListedEnd, sim: Simulator) -> None:
    watched = end.watch(Answers(Poll(done=False), Poll(done=True)))
    assert watched.acceptance.url == "url"
    assert not watched.poll().done
    assert lists(sim) == 0
    assert watched.poll().done
    assert lists(sim) == 1
    assert [one.name for one in end.members().values()] == sim.names("flex")
    assert lists(sim) == 1


@pytest.mark.parametrize(("failure", "listed"), [(Failure(BROKEN), 1), (OutcomeUnknown(BROKEN), 0)])
def test_a_failure_is_an_end_and_an_unknown_outcome_is_none(
    failure: Failure, listed: int, end: ListedEnd, sim: Simulator
) -> None:
    with pytest.raises(Failure):
        end.watch(Answers(failure)).poll()
    assert lists(sim) == listed


def test_a_refused_list_is_not_read_again(end: ListedEnd, sim: Simulator) -> None:
    sim.add_fault({"action": "list", "fault": {"status": 403}})
    for _ in range(2):
        with pytest.raises(AzCLIError):
            end.members()
    assert lists(sim) == 1
