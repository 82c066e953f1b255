"""Surroundings that are not as they should be: proxies, certificates, full disks, closed pipes, words of Windows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from trustme import CA

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tools.sandbox import AZ

READS = ("list-instances", "show", "nat-rule list")
CHANGES = ("restart", "protection set --level ReadOnly", "update --set tags.a=b", "drain --yes")
OTHERS = ("compare", "job list", "translate {file}", "report --job-log {log} -f {page}", "job show {log}")
TEXTS = ("list-instances --map {flex}", "ssh-config {flex}", "translate -f {file}", "job show --undo {log}")
DEAD_PROXY = {"NO_PROXY": "", "no_proxy": "", "HTTPS_PROXY": "http://127.0.0.1:9"}
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")


def words(command: str, files: dict[str, str]) -> list[str]:
    """Return the words of a command, of the scale set `flex` unless it has no place for one."""
    own = [*command.split(), *FLEX] if command in (*READS, *CHANGES) else command.split()
    named = [one.format(**files, flex="") for one in own if one != "{flex}"]
    return [*named, *FLEX] if "{flex}" in own else named


@pytest.fixture
def files(warm: WarmAz, sim: Simulator, tmp_path: Path) -> dict[str, str]:
    script, log = tmp_path / "script.sh", tmp_path / "log.jsonl"
    script.write_text("az vmss restart -g rg -n flex\n")
    assert warm.run("stop", *FLEX, "--job-log", str(log)).exit == 0
    sim.reset()
    return {"file": str(script), "log": str(log), "page": str(tmp_path / "page.html")}


@full
@pytest.mark.parametrize("command", [*READS, *OTHERS, *TEXTS])
def test_a_command_that_changes_nothing_fails_with_one_sentence_on_a_full_disk(
    command: str, warm: WarmAz, files: dict[str, str]
) -> None:
    done = warm.run(*words(command, files), stdout="/dev/full")
    assert done.exit == 1
    assert "ERROR: The output could not be written to standard output: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


@full
@pytest.mark.parametrize("command", [*CHANGES, "restart --resume {log}", "wait --job-log {log}"])
def test_a_run_whose_list_cannot_be_written_keeps_its_status_and_counts(
    command: str, warm: WarmAz, files: dict[str, str]
) -> None:
    done = warm.run(*words(command.replace("restart --resume", "stop --resume"), files), stdout="/dev/full")
    assert done.exit == 0
    assert done.stderr.count("The output could not be written") == 1
    assert "Traceback" not in done.stderr


@full
def test_the_job_log_names_the_outcomes_of_a_lost_list(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, bad = tmp_path / "log.jsonl", sim.names("flex")[0]
    sim.add_fault({"action": "restart", "vm": bad, "fault": {"kind": "fail", "code": "AllocationFailed"}})
    done = warm.run("restart", *FLEX, "--job-log", str(log), stdout="/dev/full")
    assert (done.exit, "5 Succeeded, 1 Failed" in done.stderr) == (4, True)
    outcomes = [one for one in map(json.loads, log.read_text().splitlines()) if one["record"] == "outcome"]
    assert sorted(one["status"] for one in outcomes) == ["Failed", *["Succeeded"] * 5]


@pytest.mark.parametrize("command", ["list-instances --map {flex}", "restart {flex}"])
def test_a_reader_that_has_gone_is_no_error(command: str, environment: dict[str, str], files: dict[str, str]) -> None:
    read, written = os.pipe()
    os.close(read)
    try:
        called = [str(AZ), "vmss-flex", *words(command, files)]
        done = subprocess.run(called, env=environment, stdout=written, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(written)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("closed", [[0], [2], [0, 2]])
@pytest.mark.parametrize(
    "command", ["list-instances {flex}", "restart --batch-size 3 {flex}", "stop --resume {log}", "translate -f {file}"]
)
def test_standard_input_and_error_may_be_closed(
    command: str, closed: list[int], warm: WarmAz, files: dict[str, str]
) -> None:
    done = warm.run(*words(command, files), closed=closed)
    assert done.exit == 0
    assert done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("command", [*READS, *CHANGES, "wait --exists {flex}", "compare {flex}"])
def test_a_dead_proxy_is_named_before_anything_is_sent(
    command: str, warm: WarmAz, sim: Simulator, files: dict[str, str]
) -> None:
    done = warm.run(*words(command, files), variables=DEAD_PROXY)
    assert done.exit == 1
    assert "the proxy did not answer: Connection refused.\nCheck the proxy" in done.stderr
    assert "Traceback" not in done.stderr
    assert sim.requests() == []


def test_a_certificate_of_another_authority_is_named(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(CA().cert_pem.bytes())
    done = warm.run("restart", *FLEX, variables={"REQUESTS_CA_BUNDLE": str(other)})
    assert done.exit == 1
    assert "certificate verify failed: unable to get local issuer certificate." in done.stderr
    assert "in REQUESTS_CA_BUNDLE" in done.stderr
    missing = warm.run("restart", *FLEX, variables={"REQUESTS_CA_BUNDLE": str(tmp_path / "none")})
    assert (missing.exit, "REQUESTS_CA_BUNDLE" in missing.stderr) == (1, True)
    assert sim.requests() == []


RETURNS = (
    "list-instances -g rg\r -n flex\r --zone 1\r 2\r --power-state running\r -o tsv\r",
    "list-instances --ids {id}\r",
    "list-instances -g rg -n flex --instance-ids @{names}\r --exclude={name}\r",
    "restart -g rg -n flex --batch-by zone\r --batch-size 1\r 100%\r --timeout 5m\r --engine vm\r --dry-run\r",
    "restart -g rg -n flex --health-gate vm-agent\r --health-timeout 60\r --max-errors 1\r --dry-run\r",
    "stop --resume {log}\r",
    "stop --retry-failed {log}\r",
    "wait --job-log {log}\r",
    "job list\r",
    "job show {log}\r",
    "report --job-log {log}\r --file {page}\r",
    "translate {file}\r",
    "nat-rule list -g rg -n flex --lb-name flex-lb\r",
    "protection set -g rg -n flex --level CanNotDelete\r --dry-run",
    "run-command -g rg -n flex --instance-ids {name} --command-id RunShellScript\r --scripts hostname\r",
    "compare --operation restart\r --by api\r",
)


@pytest.mark.parametrize("command", RETURNS)
def test_a_carriage_return_at_the_end_of_a_word_is_no_part_of_it(
    command: str, warm: WarmAz, sim: Simulator, files: dict[str, str], tmp_path: Path
) -> None:
    first, second, *_ = sim.names("flex")
    names = tmp_path / "names.txt"
    names.write_bytes(f"{first}\r\n{second}\r\n".encode())
    known = {**files, "name": first, "id": sim.vm_id(first), "names": str(names)}
    done = warm.run(*(one.format(**known) for one in command.split(" ")))
    assert done.exit == 0, done.stderr
    assert "\r" not in done.stdout
    assert "U+000D" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "list-instances --ids {path}",
        "restart --yes --ids={path}",
        "restart -g rg -n flex --instance-ids {path}",
        "restart -g rg -n flex --exclude {path}",
        "restart -g rg -n flex --drain {path}",
        "drain -g rg -n flex --load-balancer {path}",
    ],
)
@pytest.mark.parametrize("folder", ["C:/Program Files/Git", "D:"])
def test_an_id_that_git_bash_has_rewritten_is_refused_with_the_way_out(
    command: str, folder: str, warm: WarmAz, sim: Simulator
) -> None:
    id_ = sim.vm_id(sim.names("flex")[0])
    done = warm.run(*(one.format(path=folder + id_) for one in command.split(" ")))
    assert done.exit == 1
    assert f"Git Bash has made a path of Windows of the resource ID {id_}." in done.stderr
    assert "MSYS_NO_PATHCONV=1" in done.stderr
    assert sim.requests() == []


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_locale_without_utf8_shows_other_names_and_refuses_what_it_cannot_read(
    sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    here = {**environment, **ASCII}

    def az(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        called = [str(AZ), "vmss-flex", *arguments]
        return subprocess.run(called, env=here, capture_output=True, check=False)

    log = str(tmp_path / "é.jsonl")
    assert az("restart", *FLEX, "--job-log", log, "--before-batch", "echo é").returncode == 0
    before = len(sim.requests())
    refused = az("update", *FLEX, "--set", "tags.a=é")
    assert refused.returncode == 1
    assert b"ERROR: --set has bytes that are no text in the encoding of this system." in refused.stderr
    assert b"Traceback" not in refused.stderr
    assert len(sim.requests()) == before


UNWRITABLE = ("restart {flex}", "list-instances {flex}", "job list", "compare", "stop --resume {log}")


@pytest.mark.parametrize("command", UNWRITABLE)
def test_a_folder_of_jobs_that_cannot_be_used_costs_the_record_alone(
    command: str, warm: WarmAz, environment: dict[str, str], files: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(environment["AZURE_CONFIG_DIR"], config, ignore=shutil.ignore_patterns("vmss-flex", "commands"))
    (config / "vmss-flex").touch()  # where a folder is to be
    done = warm.run(*words(command, files), variables={"AZURE_CONFIG_DIR": str(config)})
    assert done.exit == 0
    assert ("the run is not recorded" in done.stderr) is (command == "restart {flex}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "status"), [("restart {flex}", 1), ("job list", 0)])
def test_a_missing_configuration_folder_says_to_log_in(
    command: str, status: int, warm: WarmAz, files: dict[str, str], tmp_path: Path
) -> None:
    done = warm.run(*words(command, files), variables={"AZURE_CONFIG_DIR": str(tmp_path / "none" / "azure")})
    assert done.exit == status
    assert ("az login" in done.stderr) is bool(status)
    assert "Traceback" not in done.stderr
