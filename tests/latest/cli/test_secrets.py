"""Secrets, which no output, log or file contains."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from armsim import Simulator
from azext_flexcompare.output.masking import HIDDEN_BODY, MASK
from azext_flexcompare.output.script_result import NOT_LOGGED
from tests.latest.helpers.az import FLEX, Run, WarmAz

SET = (
    "extension",
    "set",
    "-g",
    "rg",
    "--vmss-name",
    "flex",
    "-n",
    "customScript",
    "--publisher",
    "p",
    "--version",
    "1",
)
SECRET = 'pass"word\\with ü'


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "protected.json"
    path.write_text(json.dumps({"nested": [{"commandToExecute": SECRET}]}))
    return f"@{path}"


def shown(text: str) -> bool:
    return any(form in text for form in (SECRET, json.dumps(SECRET)[1:-1], 'pass\\"word', "word\\\\with"))


def test_protected_settings_are_sent_and_neither_printed_nor_logged(run: Run, sim: Simulator, settings: str) -> None:
    done = run(*SET, "--protected-settings", settings, "--debug")
    assert done.exit == 0
    assert "/extensions/customScript" in done.stderr
    assert HIDDEN_BODY in done.stderr
    assert not shown(done.stdout + done.stderr)
    bodies = [request["body"] for request in sim.requests() if request["action"] == "extension-put"]
    assert len(bodies) == len(sim.names("flex"))
    assert all(body["properties"]["protectedSettings"]["nested"][0]["commandToExecute"] == SECRET for body in bodies)


def test_a_service_that_repeats_a_secret_is_not_repeated(run: Run, sim: Simulator, settings: str) -> None:
    fault = {"status": 400, "code": "BadRequest", "message": f"I do not like {SECRET}."}
    sim.add_fault({"action": "extension-put", "vm": "*", "fault": fault})
    done = run(*SET, "--protected-settings", settings)
    assert done.exit == 4
    assert done.json[0]["error"] == {"code": "BadRequest", "message": f"I do not like {MASK}."}
    assert not shown(done.stdout + done.stderr)


RUN = ("run-command", "-g", "rg", "-n", "flex", "--instance-ids", "*", "--command-id", "RunShellScript")
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n"
PINS = '{"pin": 90210777, "key": "topsecret-key"}'


def refuse(sim: Simulator, message: str, code: str = "BadRequest", action: str = "extension-put") -> None:
    sim.add_fault({"action": action, "vm": "*", "fault": {"status": 400, "code": code, "message": message}})


@pytest.mark.parametrize("repeated", [PEM, " ".join(PEM.split()), PEM.splitlines()[1]])
def test_a_secret_of_several_lines_is_masked(repeated: str, warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    path, log, events = (tmp_path / name for name in ("protected.json", "log", "events"))
    path.write_text(json.dumps({"key": PEM}))
    refuse(sim, f"I do not like {repeated}.")
    done = warm.run(*SET, "--protected-settings", str(path), "--job-log", str(log), "--events", str(events))
    assert done.exit == 4
    for text in (done.stdout, done.stderr, log.read_text(), events.read_text()):
        assert MASK in text
        assert "MIIE" not in text


@pytest.mark.parametrize("repeated", ["90210777", '{"pin":90210777}', "topsecret-key", "dG9wc2VjcmV0LWtleQ=="])
@pytest.mark.parametrize("place", ["code", "message"])
def test_numbers_and_coded_secrets_are_masked_in_codes_too(
    repeated: str, place: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    refuse(sim, **{"message": "No.", "code": "Bad", place: repeated})
    done = warm.run(*SET, "--protected-settings", PINS, "--job-log", str(log))
    assert done.exit == 4
    for text in (done.stdout, done.stderr, log.read_text()):
        assert not any(one in text for one in ("90210777", "topsecret", "dG9wc2VjcmV0"))


def test_another_process_does_not_write_what_it_cannot_mask(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    fault = {"kind": "fail", "code": "Bad", "message": "I do not like topsecret-key."}
    sim.add_fault({"action": "extension-put", "vm": "*", "fault": fault})
    assert warm.run(*SET, "--protected-settings", PINS, "--no-wait", "--job-log", str(log)).exit == 0
    done = warm.run("wait", "--job-log", str(log), "--debug")
    assert done.exit == 4
    assert done.json[0]["error"]["code"] == "Bad"
    assert "--protected-settings" in done.json[0]["error"]["message"]
    for text in (done.stdout, done.stderr, log.read_text()):
        assert "topsecret" not in text


def test_no_body_with_secrets_is_logged(run: Run, sim: Simulator, tmp_path: Path) -> None:
    parameters, script = tmp_path / "parameters", tmp_path / "script"
    parameters.write_text("pw=topsecret-pw")
    script.write_text("echo my-script $pw\n")
    done = run(*RUN, "--scripts", f"@{script}", "--parameters", f"@{parameters}", "--debug", "-o", "none")
    assert done.exit == 0
    assert HIDDEN_BODY in done.stderr
    assert not any(one in done.stderr for one in ("topsecret", "my-script"))
    assert all("topsecret-pw" in str(one["body"]) for one in sim.requests() if one["action"] == "runCommand")


@pytest.mark.parametrize("kept", [False, True])
def test_the_output_of_a_script_is_written_only_if_asked_for(kept: bool, warm: WarmAz, tmp_path: Path) -> None:
    log, events = tmp_path / "log", tmp_path / "events"
    options = ["--job-log", str(log), "--events", str(events), *(["--log-output"] if kept else [])]
    done = warm.run(*RUN, "--scripts", "echo printed-$((1))", "echo second >&2", *options)
    assert done.exit == 0
    assert done.json[0]["stderr"] == "second"
    assert done.json[0]["exitCode"] is None
    assert ("second" in log.read_text(), "second" in events.read_text()) == (kept, kept)
    resumed = warm.run("run-command", "--resume", str(log), "--command-id", "RunShellScript", "--scripts", "echo")
    assert [row["stderr"] for row in resumed.json] == (["second"] if kept else [None]) * 6
    assert {row["reason"] for row in resumed.json} == {None if kept else NOT_LOGGED}


def test_standard_error_fails_an_instance_where_that_is_asked_for(warm: WarmAz) -> None:
    script = ("--scripts", "echo out", "echo err >&2")
    assert warm.run(*RUN, *script).exit == 0
    done = warm.run(*RUN, *script, "--fail-on-stderr", "--max-errors", "2", "--max-parallel", "1")
    assert done.exit == 5
    failed = [row for row in done.json if row["status"] == "Failed"]
    assert len(failed) == 2
    assert failed[0]["error"]["code"] == "StandardError"
    assert (failed[0]["stdout"], failed[0]["stderr"]) == ("out", "err")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights")
def test_files_are_readable_by_their_owner_only(warm: WarmAz, tmp_path: Path) -> None:
    log, events, page = (tmp_path / name for name in ("log", "events", "page.html"))
    for path in (log, events, page):
        path.touch(0o644)
        path.chmod(0o644)
    assert warm.run("restart", *FLEX, "--job-log", str(log), "--events", str(events)).exit == 0
    assert warm.run("report", "--job-log", str(log), "--file", str(page)).exit == 0
    assert [path.stat().st_mode & 0o777 for path in (log, events, page)] == [0o600] * 3
