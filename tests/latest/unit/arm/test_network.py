"""Load balancers as they are read, and written by one of several clients."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import AzCLIError
from hypothesis import given

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.network import Edit, ResourceUpdate, load_balancer_id, read_load_balancer
from azext_flexcompare.arm.network_bodies import Body, EditError, IpConfiguration
from azext_flexcompare.nat_rules.bodies import add_rules
from azext_flexcompare.nat_rules.rules import RuleRequest, assign_rules
from azext_flexcompare.scheduler.poller import Failure, Poller, Throttled
from tests.latest.helpers.factories import instance
from tests.latest.helpers.hostile import GROUP, Recorder, hostile
from tests.latest.helpers.network import LOST, puts, wrong


@given(hostile.filter(bool))
def test_no_name_of_a_load_balancer_leaves_its_group(name: str) -> None:
    asked = Recorder()
    try:
        read_load_balancer(asked.azure, load_balancer_id([instance()], name))
    except AzCLIError:
        assert not asked.asked
        return
    path, query = asked.only()
    assert "/".join(path[:-1]) == f"{GROUP}/Microsoft.Network/loadBalancers"
    assert path[-1] == name
    assert list(query) == ["api-version"]


# a race that somebody else has really won


def load_balancer(azure: Azure, sim: Simulator) -> Body:
    group = f"/subscriptions/{sim.subscription}/resourceGroups/rg"
    return read_load_balancer(azure, f"{group}/providers/Microsoft.Network/loadBalancers/flex-lb")


def adding(name: str) -> Edit:
    """What a run does that gives one instance the first free port."""
    nic = {"name": name, "id": name, "properties": {"ipConfigurations": [{"id": "c", "properties": {}}]}}

    def edit(lb: Body) -> Body | None:
        new = assign_rules(lb, [IpConfiguration(name, nic, "c")], RuleRequest(22, 51000))
        return add_rules(lb, [one.rule for one in new if not one.exists])

    return edit


def wait_for_end(poller: Poller, sim: Simulator) -> None:
    sim.advance(60)
    while not poller.poll().done:
        pass


def ports(lb: Body) -> dict[str, int]:
    return {rule["name"]: rule["properties"]["frontendPort"] for rule in lb["properties"]["inboundNatRules"]}


def test_the_loser_of_a_race_takes_the_next_free_port(azure: Azure, sim: Simulator) -> None:
    read = load_balancer(azure, sim)
    winner, loser = (ResourceUpdate(azure, read, adding(name)) for name in ("first", "second"))
    wait_for_end(winner(), sim)
    with pytest.raises(Throttled):
        loser()
    assert ports(load_balancer(azure, sim)) == {"first-22": 51000}
    wait_for_end(loser(), sim)
    assert ports(load_balancer(azure, sim)) == {"first-22": 51000, "second-22": 51001}


def test_a_race_is_run_five_times_more_and_then_given_up(azure: Azure, sim: Simulator) -> None:
    wrong(sim, "loadBalancers", LOST)
    rewrite = ResourceUpdate(azure, load_balancer(azure, sim), adding("one"))
    for _ in range(5):
        with pytest.raises(Throttled):
            rewrite()
    with pytest.raises(Failure, match="It has changed") as caught:
        rewrite()
    assert caught.value.error.code == "PreconditionFailed"
    assert len(puts(sim, "loadBalancers")) == 6


@pytest.mark.parametrize(
    ("code", "expected"),
    [("AnotherOperationInProgress", Throttled), ("RetryableError", Throttled), ("ScopeLocked", Failure)],
)
def test_a_conflict_that_passes_is_waited_for_and_no_other(
    code: str, expected: type[Exception], azure: Azure, sim: Simulator
) -> None:
    wrong(sim, "loadBalancers", {"status": 409, "code": code, "message": "No."})
    with pytest.raises(expected):
        ResourceUpdate(azure, load_balancer(azure, sim), adding("one"))()


def test_what_somebody_else_has_done_meanwhile_is_not_done_again(azure: Azure, sim: Simulator) -> None:
    read = load_balancer(azure, sim)
    one, other = (ResourceUpdate(azure, read, adding("same")) for _ in range(2))
    wait_for_end(one(), sim)
    with pytest.raises(Throttled):
        other()
    assert other().acceptance.poll.done
    assert ports(load_balancer(azure, sim)) == {"same-22": 51000}


def test_a_plan_that_has_become_impossible_fails_and_says_why(azure: Azure, sim: Simulator) -> None:
    def impossible(_: Body) -> Body | None:
        raise EditError("No port is left.")

    with pytest.raises(Failure, match=r"No port is left\."):
        ResourceUpdate(azure, load_balancer(azure, sim), impossible)()
