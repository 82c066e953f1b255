"""The protection policy of instances."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.protection_policy import ProtectionPolicies
from azext_flexcompare.instances import REPLACED, Instance
from azext_flexcompare.scheduler.poller import Departed, Unanswered

Members = Callable[[], list[Instance]]


def test_the_policies_of_many_are_read_once(azure: Azure, members: Members, sim: Simulator) -> None:
    world = default_description(3)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        "#0": {"protectFromScaleSetActions": True},
        "#1": {"protectFromScaleIn": True},
    }
    sim.reset(world)
    policies, chosen = ProtectionPolicies(azure), members()
    for _ in range(2):
        assert policies.protected(chosen) == {chosen[0].id}
    assert sum(one["action"] == "showInstance" for one in sim.requests()) == 3
    assert [policies.protects(one) for one in chosen] == [True, False, False]


@pytest.mark.parametrize(("status", "code"), [(403, "AuthorizationFailed"), (400, "BadRequest")])
def test_a_policy_that_may_not_be_read_protects_nothing(
    azure: Azure, members: Members, sim: Simulator, caplog: pytest.LogCaptureFixture, status: int, code: str
) -> None:
    sim.add_fault({"action": "showInstance", "fault": {"status": status, "code": code}})
    policies = ProtectionPolicies(azure)
    assert not any(policies.protects(one) for one in members())
    assert caplog.text.count(f"The protection policies of flex cannot be read: {code}") == 1


def test_a_policy_that_cannot_be_read_for_a_moment_is_read_again(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    sim.add_fault({"action": "showInstance", "times": 1, "fault": {"status": 503}})
    one, policies = members()[0], ProtectionPolicies(azure)
    with pytest.raises(Unanswered, match="ServiceUnavailable"):
        policies.protects(one)
    assert not policies.protects(one)


def test_an_instance_that_its_set_does_not_know_is_not_protected(
    azure: Azure, members: Members, caplog: pytest.LogCaptureFixture
) -> None:
    assert not ProtectionPolicies(azure).protects(members()[0]._replace(name="gone"))
    assert caplog.text == ""


def test_a_machine_that_took_the_name_is_not_acted_on(azure: Azure, members: Members, sim: Simulator) -> None:
    first, second = members()[:2]
    sim.replace_vm(first.name)
    policies = ProtectionPolicies(azure)
    with pytest.raises(Departed) as departed:
        policies.protects(first)
    assert departed.value.reason == REPLACED
    assert not policies.protects(second)
    sim.add_fault({"action": "get", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    assert not policies.protects(first)  # a VM that may not be read proves nothing


def test_an_id_of_the_view_alone_proves_nothing(azure: Azure, members: Members, sim: Simulator) -> None:
    fault = {"kind": "answer", "members": {"properties.vmId": "another"}}
    sim.add_fault({"action": "showInstance", "fault": fault})
    assert not ProtectionPolicies(azure).protects(members()[0])
