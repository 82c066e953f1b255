"""One call of the SDK, in progress."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from armsim import Simulator
from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.poller import Failure

Members = Callable[[], list[Instance]]


def test_a_long_running_call_can_be_polled(azure: Azure, members: Members) -> None:
    assert call_sdk(azure, members()[0], "virtual_machines.begin_restart", {}).acceptance.url


def test_a_call_that_does_not_last_has_ended_with_its_answer(azure: Azure, members: Members, sim: Simulator) -> None:
    done = call_sdk(azure, members()[0], "virtual_machines.instance_view", {})
    assert done.acceptance.url is None
    assert done.acceptance.poll.done
    assert done.poll().result["platformFaultDomain"] is not None  # type: ignore[index]
    assert sim.accepted() == {}


def test_a_call_of_a_set_names_the_set(azure: Azure, flex: ScaleSet, sim: Simulator) -> None:
    call_sdk(azure, flex, "virtual_machine_scale_sets.begin_restart", {"vm_instance_i_ds": {"instanceIds": ["*"]}})
    [sent] = [one for one in sim.requests() if one["method"] == "POST"]
    assert sent["path"].lower().endswith("/virtualmachinescalesets/flex/restart")


def test_a_refusal_is_a_failure(azure: Azure, members: Members, sim: Simulator) -> None:
    sim.add_fault({"action": "restart", "fault": {"status": 409, "code": "Conflict", "message": "Busy."}})
    with pytest.raises(Failure) as refused:
        call_sdk(azure, members()[0], "virtual_machines.begin_restart", {})
    assert refused.value.error == ("Conflict", "Busy.")
