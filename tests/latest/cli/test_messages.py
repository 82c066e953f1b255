"""Messages on standard error: their place, their level, and what the commands in them do when they are run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, INSTANCES, Ran, Run, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.worlds import changes, zones_together
from tools.sandbox import AZ

ADVICE = re.compile(r"^WARNING: To (?:retry|resume): az vmss-flex (.*?)(?:, with (.*) as before)?$", re.MULTILINE)
STOPS = ["--batch-by", "zone", "--max-errors", "1"]
AGAIN = ["--scripts", "echo a b"]
SCRIPT = ["run-command", "--command-id", "RunShellScript", "--scripts", "echo a b"]


class Case(NamedTuple):
    """A run that does not succeed: its options, the instances that fail, and what is typed again with the advice."""

    name: str
    command: list[str]
    fails: list[int]
    acted: list[int]  # instances that the advised command acts on
    options: Sequence[str] = ()
    again: Sequence[str] = ()
    log: bool = False
    ids: bool = False
    job: bool = False  # the log is that of a job, which names no file


ZONES = ["--batch-by", "zone", "--max-errors", "3", "--timeout", "90", "--max-parallel", "4"]
CASES = [
    Case("one fails", ["restart"], [1], [1]),
    Case("two fail by zones", ["restart"], [1, 2], [1, 2], ZONES),
    Case("too many fail", ["restart"], [0], [0, 1, 2, 4, 5], STOPS),
    Case("by the set", ["restart"], [1, 2], [1, 2], ["--engine", "set"]),
    Case("an option of its own", ["stop", "--skip-shutdown"], [2], [2]),
    Case("an extension", ["extension", "delete", "--name", "customScript"], [2], [2], again=["--yes"]),
    Case("deleted", ["delete-instances", "--instance-ids", "*", "--yes"], [2], [2], again=["--yes"]),
    Case("a script", [*SCRIPT, "--instance-ids", "*"], [0, 3], [0, 3], again=AGAIN),
    Case("by ids", ["restart"], [1], [1], ids=True),
    Case("with a log", ["restart"], [1, 2], [1, 2], ZONES, log=True),
    Case("stopped with a log", ["restart"], [0], [1, 2, 4, 5], STOPS, log=True),
    Case("as a job", ["restart"], [1, 2], [1, 2], ZONES, log=True, job=True),
    Case("stopped as a job", ["restart"], [0], [1, 2, 4, 5], STOPS, log=True, job=True),
    Case("with a log and a secret", [*SCRIPT, "--instance-ids", "*"], [3], [3], again=AGAIN, log=True),
]
ACTION = {
    "stop": "powerOff",
    "delete-instances": "delete",
    "run-command": "runCommand",
    "extension": "extension-delete",
}


def advice_of(done: Ran) -> tuple[list[str], str]:
    """Find the one command that a run advises, and the options that are to be given again."""
    ((command, hidden),) = ADVICE.findall(done.stderr)
    return shlex.split(command), hidden


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_advised_command_does_what_was_asked_and_no_more(
    case: Case, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"extensions": ["customScript"]}}
    sim.reset(world)
    names = sim.names("flex")
    for number in case.fails:
        action = ACTION.get(case.command[0], "restart")
        sim.add_fault({"action": action, "vm": names[number], "times": 1, "fault": FAILS})
    where = ["--ids", *map(sim.vm_id, names)] if case.ids else ["-g", "rg", "--vmss-name", "flex"]
    log = ["--job-log", str(tmp_path / "a log")] if case.log else ["--no-job-log"]
    done = warm.run(*case.command, *where, *case.options, *([] if case.job else log))
    assert done.exit in (4, 5), done.stderr
    command, hidden = advice_of(done)
    before = len(changes(sim))
    if not case.log:
        assert sorted({*case.options} - {*command}) == []
    assert hidden == ("--scripts" if case.again == AGAIN else "")
    retried = warm.run(*command, *case.again)
    assert retried.exit == (4 if case.log and case.options and done.exit == 5 else 0), retried.stderr
    later = changes(sim)[before:]
    assert {name for one in later for name in named_in(one, names)} == {names[number] for number in case.acted}
    assert "zone" not in case.options or zones_together(sim) == []


def named_in(request: dict[str, Any], names: list[str]) -> list[str]:
    """List the instances that a request acts on."""
    text = f"{request['path']} {json.dumps(request['body'])}"
    return [name for name in names if name in text]


def test_a_gate_that_stopped_a_run_advises_only_to_resume(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": {"agentReadyAfter": "never"}}
    sim.reset(world)
    log = ["--job-log", str(tmp_path / "log")]
    done = warm.run("restart", *FLEX, "--batch-size", "3", "--health-gate", "vm-agent", "--health-timeout", "1", *log)
    assert done.exit == 5
    command, _ = advice_of(done)
    assert "--resume" in command
    before = len(changes(sim))
    assert warm.run(*command).exit == 5
    assert changes(sim)[before:] == []


def test_messages_follow_the_list(sim: Simulator, environment: dict[str, str]) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": FAILS})
    command = [str(AZ), "vmss-flex", "restart", *FLEX]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    listed, _, said = done.stdout.partition("\n]\n")
    assert len(json.loads(f"{listed}]")) == INSTANCES
    assert [line.split(":")[0] for line in said.splitlines()] == ["ERROR", "WARNING", "WARNING"]


def test_errors_are_shown_where_only_errors_are(run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": FAILS})
    done = run("restart", *FLEX, "--only-show-errors")
    assert done.stderr == f"ERROR: 1 Failed: AllocationFailed: No room. ({sim.names('flex')[0]})\n"


LB = ("--lb-name", "flex-lb", "--backend-port", "22")


@pytest.mark.parametrize(
    "command",
    [
        ["restart", *FLEX],
        ["nat-rule", "create", *FLEX, *LB, "--frontend-port-start", "51000"],
        ["nat-rule", "delete", *FLEX, *LB, "--yes"],
        ["set-orchestration-service-state", *FLEX, "--service-name", "AutomaticRepairs", "--action", "Suspend"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_query_that_fails_is_refused_before_anything_is_sent(
    command: list[str], warm: WarmAz, sim: Simulator
) -> None:
    done = warm.run(*command, "--query", "[].length(durationSeconds)")
    assert done.exit == 1
    assert "--query fails" in done.stderr
    assert changes(sim) == []


def test_a_wait_and_a_call_for_sets_end_with_their_counts(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "setOrchestrationServiceState", "fault": {"status": 409, "code": "Conflict"}})
    state = ["set-orchestration-service-state", *FLEX, "--service-name", "AutomaticRepairs", "--action", "Suspend"]
    assert "1 scale set: 1 Failed." in warm.run(*state).stderr
    late = warm.run("wait", *FLEX, "--power-state", "stopped", "--timeout", "1")
    assert late.stderr.rstrip().endswith("6 instances: 6 TimedOut.")


def test_a_query_that_fails_on_the_outcomes_hides_nothing(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": {"status": 409, "code": "Conflict"}})
    done = warm.run("restart", *FLEX, "--query", "[?error].length(durationSeconds)")
    assert done.exit == 4
    assert "the whole list is printed" in done.stderr
    assert len(done.json) == INSTANCES


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")  # noqa: PTH110
def test_a_list_that_cannot_be_written_keeps_the_exit_status(sim: Simulator, environment: dict[str, str]) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": FAILS})
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [str(AZ), "vmss-flex", "restart", *FLEX]
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert "The output could not be written to standard output" in done.stderr
    assert f"{INSTANCES} instances: 5 Succeeded, 1 Failed." in done.stderr


@pytest.mark.parametrize("output", ["json", "table"])
def test_odd_characters_are_shown_by_code_point(output: str, warm: WarmAz, sim: Simulator) -> None:
    evil = {"kind": "fail", "code": "Odd\x1b[2J", "message": "\u202eReversed\x07"}
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": evil})
    done = warm.run("restart", *FLEX, "-o", output)
    assert "1 Failed: Odd[U+001B][2J: [U+202E]Reversed[U+0007]" in done.stderr
    assert ("Odd[U+001B][2J" in done.stdout) is (output == "table")
    assert "\x1b" not in done.stdout
    assert output == "table" or done.json[0]["error"]["message"] == "\u202eReversed\x07"


def test_a_very_long_error_is_whole_in_the_list_and_cut_elsewhere(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    long = {"kind": "fail", "code": "Long", "message": "x" * 1_000_000}
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": long})
    done = warm.run("restart", *FLEX, "--job-log", str(log))
    assert len(done.json[0]["error"]["message"]) == 1_000_000
    assert len(done.stderr) < 5_000
    assert log.stat().st_size < 200_000
    assert "(cut: 1,000,000 characters)" in log.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_a_success_is_counted_on_a_terminal(run: Run, sim: Simulator, environment: dict[str, str]) -> None:
    import pty

    assert run("restart", *FLEX).stderr == ""
    sim.reset()
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(AZ), "vmss-flex", "restart", *FLEX, "-o", "none"], env=environment, stderr=theirs) as az:
        os.close(theirs)
        assert az.wait(60) == 0
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    assert seen.endswith(f"{INSTANCES} instances: {INSTANCES} Succeeded.\r\n")
