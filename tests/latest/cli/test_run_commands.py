"""Managed run commands through the real `az`, and the short name of `run-command invoke`."""

from __future__ import annotations

from pathlib import Path

from armsim import Simulator
from tests.latest.helpers.az import Run, WarmAz
from tests.latest.helpers.rows import status_of_each
from tests.latest.helpers.worlds import changes

PLACE = ("-g", "rg", "--vmss-name", "flex")
CREATE = ("run-command", "create", *PLACE, "--instance-ids", "*", "-n", "check")


def test_a_script_that_fails_is_that_instances_failure(warm: WarmAz, sim: Simulator) -> None:
    names = sim.names("flex")
    value = {"output": "some", "error": "no disk", "exitCode": 3}
    sim.add_fault({"vm": names[1], "action": "run-command-put", "fault": {"kind": "output", "value": value}})
    done = warm.run(*CREATE, "--script", "echo hello")
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[1]: "Failed"}
    shown = [(row["output"], row["stderr"], row["exitCode"]) for row in done.json[:2]]
    assert shown == [("hello", "", 0), ("some", "no disk", 3)]
    assert done.json[1]["error"] == {
        "code": "ScriptFailed",
        "message": "The script failed. Its exit code is 3. The list has its output.",
    }
    bodies = [one["body"] for one in changes(sim)]
    assert bodies == [{"location": "westeurope", "properties": {"source": {"script": "echo hello"}}}] * len(names)


def test_the_exit_code_is_read_by_a_later_command_too(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=1.5)
    assert warm.run(*CREATE, "--script", "exit 3", "--no-wait", "--job-log", log).exit == 0
    done = warm.run("wait", "--job-log", log)
    assert (done.exit, {row["exitCode"] for row in done.json}) == (4, {3})
    assert len(changes(sim)) == len(sim.names("flex"))


def test_an_asynchronous_script_has_only_started(warm: WarmAz) -> None:
    done = warm.run(*CREATE, "--script", "exit 3", "--async-execution")
    assert done.exit == 0
    assert {(row["status"], row["exitCode"]) for row in done.json} == {("Succeeded", None)}
    assert "run-command wait" in done.json[0]["reason"]


def test_secrets_are_neither_printed_nor_logged(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    secret, password = "hush-hush", "pass-me-not"
    secrets = ("--protected-parameters", f"word={secret}", "--run-as-user", "me", "--run-as-password", password)
    script = ("--script", "echo $word >&2")
    message = f"I do not like {secret} and {password}."
    fault = {"status": 400, "code": "BadRequest", "message": message}
    sim.add_fault({"vm": sim.names("flex")[0], "action": "run-command-put", "fault": fault})
    done = warm.run(*CREATE, *script, *secrets, "--job-log", str(log), "--log-output")
    assert done.exit == 4
    sent = changes(sim)[0]["body"]["properties"]
    assert (sent["protectedParameters"][0]["value"], sent["runAsPassword"]) == (secret, password)
    assert done.json[1]["stderr"] == "***"
    for text in (done.stdout, done.stderr, log.read_text()):
        assert secret not in text
        assert password not in text


def test_a_lost_answer_to_a_deletion_is_found_out(warm: WarmAz, sim: Simulator) -> None:
    assert warm.run(*CREATE, "--script", "true").exit == 0
    name = sim.names("flex")[0]
    sim.add_fault({"vm": name, "action": "run-command-delete", "times": 1, "fault": {"kind": "drop-after"}})
    done = warm.run("run-command", "delete", *PLACE, "--instance-ids", "*", "-n", "check", "--yes")
    assert (done.exit, set(status_of_each(done).values())) == (0, {"Succeeded"})
    assert "answer was lost" in done.json[0]["reason"]
    assert any(one["action"] == "run-command" for one in sim.requests())


def test_the_group_and_the_command_of_one_name(run: Run, sim: Simulator) -> None:
    shown = run("run-command", "-h")
    assert (shown.exit, "invoke" in shown.stdout, "--command-id" in shown.stdout) == (0, True, True)
    script = ("-g", "rg", "-n", "flex", "--instance-ids", "*", "--command-id", "RunShellScript", "--scripts", "echo hi")
    short, whole = run("run-command", *script), run("run-command", "invoke", *script)
    assert (short.exit, whole.exit) == (0, 0)
    assert [row["output"] for row in short.json] == [row["output"] for row in whole.json]
    assert {row["operation"] for row in (*short.json, *whole.json)} == {"run-command"}
    assert len(changes(sim)) == 2 * len(sim.names("flex"))
