"""The README's statements about other ways to operate on the VMs of a scale set."""

from __future__ import annotations

import math
import signal
import subprocess
from collections.abc import Callable

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX
from tests.latest.helpers.faults import NO_CAPACITY
from tests.latest.helpers.waits import started, wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ, az

MANY = 14
HOUR = 3600
REFUSED = {"status": 409, "code": "OperationNotAllowed", "message": "Not this one."}


@pytest.fixture
def ids(sim: Simulator) -> list[str]:
    """The ids of the set's VMs, whose operations last an hour unless the clock is moved on."""
    sim.reset(vms=MANY, seconds=HOUR, retry_after_ms=50, token_lifetime=10**6 * HOUR)
    return [sim.vm_id(name) for name in sim.names("flex")]


def accepted(number: int) -> Callable[[Simulator], bool]:
    return lambda sim: len(changes(sim)) == number


def has_ended(process: subprocess.Popen[str], sim: Simulator) -> Callable[[Simulator], bool]:
    """Let hour after hour pass until a process ends."""

    def has_ended(_: Simulator) -> bool:
        sim.advance(2 * HOUR)
        return process.poll() is not None

    return has_ended


def most_at_once(sim: Simulator) -> int:
    spans = [(one.began, one.ended or math.inf) for one in sim.intervals()]
    return max(sum(began <= moment < ended for began, ended in spans) for moment, _ in spans)


def test_az_vm_has_ten_in_progress_continues_when_half_fail_and_exits_0(
    ids: list[str], sim: Simulator, environment: dict[str, str]
) -> None:
    for name in sim.names("flex")[::2]:
        sim.add_fault({"vm": name, "action": "restart", "fault": NO_CAPACITY})
    with started(environment, str(AZ), "vm", "restart", "--ids", *ids) as process:
        wait_until(sim, accepted(10))
        wait_until(sim, has_ended(process, sim))
        said = process.communicate()[1]
    assert process.returncode == 0
    assert said.count("AllocationFailed") >= MANY / 2
    assert len(changes(sim)) == MANY
    assert most_at_once(sim) == 10


def test_az_vm_names_another_vm_than_the_one_that_failed(
    ids: list[str], sim: Simulator, environment: dict[str, str]
) -> None:
    fails, refused = sim.names("flex")[:2]
    sim.add_fault({"vm": fails, "action": "restart", "fault": NO_CAPACITY})
    sim.add_fault({"vm": refused, "action": "restart", "fault": REFUSED})
    with started(environment, str(AZ), "vm", "restart", "--ids", *ids[:2]) as process:
        # The second one's refusal has long been taken in when the first one is asked about again and again.
        wait_until(sim, lambda sim: sum(one["action"] == "poll" for one in sim.requests()) >= 20)
        wait_until(sim, has_ended(process, sim))
        said = process.communicate()[1]
    assert f'{ids[0]}: "(OperationNotAllowed)' in said
    assert f'{ids[1]}: "(AllocationFailed)' in said


def test_az_vm_sends_the_rest_after_ctrl_c(ids: list[str], sim: Simulator, environment: dict[str, str]) -> None:
    with started(environment, str(AZ), "vm", "restart", "--ids", *ids) as process:
        wait_until(sim, accepted(10))
        process.send_signal(signal.SIGINT)
        wait_until(sim, has_ended(process, sim))
        process.communicate()
    assert len(changes(sim)) == MANY


def test_a_loop_continues_exits_123_and_names_no_failed_instance(
    ids: list[str], sim: Simulator, environment: dict[str, str]
) -> None:
    first = sim.names("flex")[0]
    sim.add_fault({"vm": first, "action": "restart", "fault": REFUSED})
    loop = ["xargs", "-n", "1", str(AZ), "vm", "restart", "--no-wait", "--ids"]
    done = subprocess.run(loop, input="\n".join(ids[:2]), env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 123
    assert "OperationNotAllowed" in done.stderr
    assert first not in done.stdout + done.stderr
    assert len(changes(sim)) == 2


def test_a_loop_has_neither_dry_run_nor_resume() -> None:
    told = subprocess.run(["xargs", "--help"], text=True, capture_output=True, check=True).stdout
    assert "--max-procs" in told
    assert [word for word in ("dry", "resume", "joblog") if word in told.lower()] == []


@pytest.mark.usefixtures("ids")
def test_az_vmss_is_one_call_for_all(sim: Simulator, environment: dict[str, str]) -> None:
    done = az(environment, "vmss", "restart", *FLEX, "--no-wait", capture_output=True)
    assert done.returncode == 0, done.stderr
    assert [one["action"] for one in changes(sim)] == ["vmss-restart"]


@pytest.mark.parametrize(("group", "has"), [("vm", False), ("vmss", False), ("vmss-flex", True)])
def test_only_we_have_the_options_for_rolling_out(group: str, has: bool, environment: dict[str, str]) -> None:
    told = az(environment, group, "restart", "-h", capture_output=True).stdout
    assert "--no-wait" in told
    for option in ("--zone", "--batch-by", "--max-errors", "--dry-run", "--resume", "--max-parallel"):
        assert (option in told) is has


@pytest.mark.usefixtures("ids")
def test_vmss_flex_has_all_in_progress_at_once(sim: Simulator, environment: dict[str, str]) -> None:
    with started(environment, str(AZ), "vmss-flex", "restart", *FLEX) as process:
        wait_until(sim, accepted(MANY))
        wait_until(sim, has_ended(process, sim))
        process.communicate()
    assert process.returncode == 0
    assert most_at_once(sim) == MANY
