"""What the scenarios do not print or record, held against the JSON schemas of docs/schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, INSTANCES, Ran, WarmAz
from tests.latest.helpers.rotation import balanced
from tests.latest.helpers.schemas import require_schemas, with_records
from tools.schemas import problems_of_lines

EVERY = ("--instance-ids", "*")
SCRIPT = ("run-command", *FLEX, *EVERY, "--command-id", "RunShellScript", "--scripts", "echo hi")
RULES = ("-g", "rg", "--vmss-name", "flex", "--lb-name", "flex-lb")
READS = (
    ("list-instances", *FLEX, "--details", "--expand", "instanceView"),
    ("wait", *FLEX, "--custom", "provisioningState=='Succeeded'"),
    ("nat-rule", "create", *RULES, "--backend-port", "22", "--frontend-port-start", "50000"),
    ("nat-rule", "list", *RULES),
    ("nat-rule", "delete", *RULES, "--yes"),
)


class Checked:
    """Commands whose output and records are held against the schemas; each records into a log of its own."""

    def __init__(self, warm: WarmAz, folder: Path) -> None:
        self.warm, self.folder, self.runs = warm, folder, 0

    def __call__(self, *words: str) -> Ran:
        place = self.folder / str(self.runs)
        place.mkdir()
        self.runs += 1
        command = with_records(words, place)
        done = self.warm.run(*command)
        assert done.exit in (0, 4, 5), done.stderr
        require_schemas(command, done, place)
        return done

    def log(self, run: int = 0) -> Path:
        return self.folder / str(run) / "log"

    def kinds(self, run: int = 0) -> set[str]:
        return {json.loads(line)["record"] for line in self.log(run).read_text("utf-8").splitlines()}


@pytest.fixture
def check(warm: WarmAz, tmp_path: Path) -> Checked:
    return Checked(warm, tmp_path)


def test_reads_and_rules_follow_their_schemas(check: Checked, sim: Simulator) -> None:
    world: Any = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": {"publicAddress": True}}
    sim.reset(world)
    assert [words for words in READS if not check(*words).json] == []


def test_the_file_of_ssh_config_follows_its_schema(check: Checked, sim: Simulator, tmp_path: Path) -> None:
    sim.reset(world=balanced())
    assert check("ssh-config", *FLEX, "--prefer-private-ip", "--file", str(tmp_path / "config")).json["hosts"] > 0


def test_the_inventory_of_scripts_follows_its_schema(check: Checked, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("az vmss restart -g rg -n web\naz vmss get-instance-view -g rg -n web\naz vmss $VERB -g rg\n")
    assert len(check("translate", str(script)).json) == 3


def test_a_rollout_and_what_shows_it_follow_their_schemas(check: Checked, sim: Simulator, tmp_path: Path) -> None:
    sim.reset(world=balanced())
    sim.add_fault({"action": "restart", "vm": "web_1", "times": 1, "fault": {"status": 429}})
    sim.add_fault({"action": "restart", "vm": "web_4", "times": 1, "fault": {"kind": "fail"}})
    sim.add_fault({"action": "restart", "vm": "web_5", "times": 1, "fault": {"kind": "drop-before"}})
    around = ("--drain", "auto", "--before-batch", "true", "--after-batch", "true", "--health-gate", "vm-agent")
    assert check("restart", *FLEX, "--batch-size", "3", "1", "--max-errors", "1", *around).exit == 5
    sent = {"plan", "batch", "intent", "accepted", "throttled", "outcome", "stopped", "end"}
    assert check.kinds() >= sent | {"drain", "undrain", "hook", "gate", "health"}
    log = str(check.log())
    assert check("job", "show", log).json["failed"]
    check("report", "--job-log", log, "--file", str(tmp_path / "page.html"))
    check("restart", "--resume", log, "--events", str(tmp_path / "events"))
    check("undrain", "--job", log)
    assert "resumed" in check.kinds()
    assert require_lines(tmp_path / "events")


def test_a_window_follows_the_schema_of_a_record(check: Checked) -> None:
    around = ("--after-batch", "true", "--health-gate", "vm-agent")
    check("restart", *FLEX, "--max-unavailable", "3", *around)
    assert check.kinds() >= {"turn", "gate", "hook"}


def test_two_shares_and_both_as_one_follow_their_schemas(check: Checked) -> None:
    for share in ("1/3", "2/3"):
        check("restart", *FLEX, "--shard", share)
    assert check("job", "show", "--merge", str(check.log(0)), str(check.log(1))).json["missingShares"] == ["3/3"]


def test_a_bulk_run_and_waiting_for_it_follow_their_schemas(check: Checked) -> None:
    check("deallocate", *FLEX, "--engine", "bulk", "--no-wait")
    check("wait", "--job-log", str(check.log()))
    check("job", "list")


def test_a_script_and_its_resumed_run_follow_their_schemas(check: Checked, sim: Simulator) -> None:
    sim.add_fault({"action": "runCommand", "vm": sim.names("flex")[1], "times": 1, "fault": {"status": 409}})
    assert check(*SCRIPT, "--log-output").exit == 4
    check("run-command", *SCRIPT[-4:], "--retry-failed", str(check.log()))
    check("wait", "--job-log", str(check.log()))


def test_drain_and_undrain_follow_their_schema(check: Checked, sim: Simulator) -> None:
    sim.reset(world=balanced())
    for command in ("drain", "undrain"):
        assert check(command, *FLEX, "--yes").json[0]["pools"]


def require_lines(path: Path) -> list[str]:
    """Return the lines of a file, each of which follows the schema of a record."""
    text = path.read_text("utf-8")
    assert problems_of_lines(text) == []
    return text.splitlines()


def test_managed_run_commands_follow_their_schemas(check: Checked) -> None:
    place, named = ("-g", "rg", "--vmss-name", "flex"), ("-n", "check")
    check("run-command", "create", *place, *EVERY, *named, "--script", "echo hi", "--log-output")
    check("run-command", "wait", *place, *named)
    check("run-command", "list", *place)
    check("run-command", "show", *place, *named)
    check("run-command", "delete", *place, *EVERY, *named, "--yes")
