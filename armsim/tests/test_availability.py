"""Record of when VMs were available."""

from __future__ import annotations

from armsim.availability import most_unavailable
from armsim.tests.client import Arm
from armsim.world.description import default_description

DAY = 86400.0


def test_a_vm_is_unavailable_from_the_acceptance_until_its_guest_is_ready(arm: Arm) -> None:
    world = default_description(3)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        "*": {"agentReadyAfter": 10},
        "#2": {"powerState": "stopped"},
    }
    arm.sim.reset(world, seconds=1)
    one, two, three = arm.sim.names("flex")
    flex = arm.sim.scale_sets["flex"]
    changes = [each for each in arm.sim.availability() if each.scale_set == flex]
    assert [(each.vm, each.why) for each in changes] == [(one, None), (two, None), (three, "stopped")]
    assert most_unavailable(arm.sim.availability(), flex) == 1
    arm.act(one, "restart")
    arm.sim.advance(5)  # the operation has ended, the guest is not ready
    arm.act(two, "restart")
    arm.sim.advance(DAY)
    changes = [each for each in arm.sim.availability() if each.vm == one]
    assert [each.why for each in changes] == [None, "agent Not Ready", "Updating", "agent Not Ready", None]
    assert 10 <= changes[-1].moment - changes[-2].moment < 11
    assert most_unavailable(arm.sim.availability(), flex) == 3


def test_vms_that_take_turns_are_never_unavailable_together(arm: Arm) -> None:
    for name in arm.sim.names("flex"):
        arm.act(name, "restart")
        arm.sim.advance(DAY)
    assert most_unavailable(arm.sim.availability(), arm.sim.scale_sets["flex"]) == 1


def test_a_vm_that_is_removed_counts_no_longer(arm: Arm) -> None:
    name = arm.sim.names("flex")[0]
    arm.act(name, "deallocate")
    arm.sim.advance(DAY)
    arm.sim.remove_vm(name)
    last = [each for each in arm.sim.availability() if each.vm == name][-1]
    assert (last.why, last.gone) == (None, True)
