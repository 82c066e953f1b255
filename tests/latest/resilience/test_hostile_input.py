"""Malformed and hostile input: one sentence, and no request that changes anything."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError
from hypothesis import given, settings
from hypothesis import strategies as st

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.remaining_work import Source, remaining_work
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import ENDED, outcome_of, replay
from azext_flexcompare.planning.run_options import merge_run_options
from azext_flexcompare.planning.work import Work
from tests.latest.helpers.az import Run, WarmAz
from tests.latest.helpers.factories import instance
from tests.latest.helpers.hostile import Recorder, typable
from tests.latest.helpers.worlds import OPERATIONS, changes
from tools.sandbox import AZ

ODD_SETS = ["x' | union resources | where name != '", "back\\", "o'b\"%27", "n\nl", "a%2Fb", "é"]


@pytest.mark.parametrize("name", ODD_SETS)
def test_a_set_with_an_odd_name_is_that_set_and_no_other(name: str, run: Run, sim: Simulator) -> None:
    world = default_description(3)
    world["resourceGroups"]["rg"]["scaleSets"][name] = {"instances": ["one", "two"]}
    sim.reset(world)
    done = run("list-instances", "-g", "rg", "-n", name, "--source", "resource-graph")
    assert done.exit == 0, done.stderr
    assert [row["instance"] for row in done.json] == ["one", "two"]


WAYS_OUT = [
    ("extension", "delete", "--name", ".."),
    ("extension", "update", "--force-update", "--name", ".."),
    ("extension", "set", "--publisher", "p", "--version", "1.0", "--name", "."),
    ("extension", "set", "--publisher", "p", "--version", "1.0", "--name", "a", "--extension-instance-name", ".."),
    ("extension", "show", "--name", "../.."),
    ("protection", "set", "--level", "ReadOnly", "--lock-name", "../../../../other/providers/x/locks/y"),
    ("protection", "set", "--level", "ReadOnly", "--lock-name", "x?y=1"),
    ("protection", "remove", "--lock-name", "x#"),
    ("restart", "--resume", ""),
    ("restart", "--retry-failed", ""),
    ("restart", "--job-log", ""),
    ("restart", "--events", ""),
    ("restart", "--batch-size", "1/0"),
    ("restart", "--max-errors", "1e9999999"),
    ("restart", "--timeout", "1" + "0" * 400),
]


@pytest.mark.parametrize("words", WAYS_OUT, ids=lambda words: " ".join(words)[:60])
def test_what_cannot_be_meant_is_refused_before_anything_is_read(
    words: tuple[str, ...], run: Run, sim: Simulator
) -> None:
    done = run(*words, "-g", "rg", "--vmss-name", "flex", "--instance-ids", sim.names("flex")[0])
    assert (done.exit, done.stdout) == (2, "")
    assert not sim.requests()


@pytest.mark.parametrize("place", [("-g", "rg", "-n", ".."), ("-g", "..", "-n", "flex")], ids=" ".join)
def test_nothing_is_sent_to_a_path_that_leads_elsewhere(place: tuple[str, ...], run: Run, sim: Simulator) -> None:
    done = run("restart", *place)
    assert (done.exit, done.stdout) == (1, "")
    assert "leads to another resource; no request was sent" in done.stderr
    assert not sim.requests()


@settings(max_examples=60)
@given(
    typed=st.tuples(st.sampled_from(["--instance-ids", "--ids", "-n", "-g", "--exclude", "--zone", "--tag"]), typable)
)
def test_whatever_is_typed_ends_in_a_sentence_and_changes_nothing(
    typed: tuple[str, str], simulator: Simulator, warm_process: WarmAz
) -> None:
    option, text = typed
    simulator.reset()
    place = {"-g": "rg", "-n": "flex"} if option != "--ids" else {}
    words = [word for pair in ({**place, option: f"{text}!"}).items() for word in pair]
    done = warm_process.run("restart", *words)
    assert "Traceback" not in done.stderr
    assert done.exit in (1, 2, 3)
    assert not changes(simulator)


# Files


FILES = ["{folder}", "/proc/nope/x", "{folder}/missing/x", "{binary}", "{deep}"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("words", [("restart", "--resume"), ("restart", "--retry-failed"), ("wait", "--job-log")])
def test_a_file_that_is_no_log_is_named_and_nothing_is_read(
    words: tuple[str, ...], file: str, run: Run, sim: Simulator, tmp_path: Path
) -> None:
    path = file.format(folder=tmp_path, **write_files(tmp_path))
    done = run(*words, path)
    assert (done.exit, done.stdout) == (1, "")
    assert path in done.stderr
    assert not sim.requests()


def write_files(folder: Path) -> dict[str, Path]:
    files = {"binary": b"\xff\xfe\x00\n", "deep": b"[" * 100_000 + b"\n"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("{folder}", "cannot be written"),
        ("/proc/nope/x", "cannot be written"),
        ("/dev/full", "is not a regular file"),
    ],
)
def test_a_log_that_cannot_be_begun_stops_the_run_before_it_begins(
    place: str, reason: str, run: Run, sim: Simulator, tmp_path: Path
) -> None:
    done = run("restart", "-g", "rg", "-n", "flex", "--job-log", place.format(folder=tmp_path))
    assert (done.exit, done.stdout) == (1, "")
    assert reason in done.stderr
    assert not changes(sim)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_events_on_a_full_disk_stop_nothing(run: Run, sim: Simulator) -> None:
    assert run("restart", "-g", "rg", "-n", "flex", "--events", "/dev/full").exit == 0
    assert set(sim.accepted().values()) == {1}


def test_ten_thousand_ids_are_read_from_a_file(run: Run, sim: Simulator, tmp_path: Path) -> None:
    known = sim.names("flex")
    (tmp_path / "ids").write_text("\n".join(known * 2000), "utf-8")
    done = run("restart", "-g", "rg", "-n", "flex", "--instance-ids", f"@{tmp_path / 'ids'}")
    assert done.exit == 0, done.stderr
    assert sim.accepted() == {(name, "restart"): 1 for name in known}


def test_of_ten_thousand_ids_that_are_unknown_none_is_acted_on(run: Run, sim: Simulator, tmp_path: Path) -> None:
    stranger = sim.vm_id("lonely")
    (tmp_path / "ids").write_text("\n".join(f"{stranger}{number}" for number in range(10_000)), "utf-8")
    done = run("restart", "-g", "rg", "-n", "flex", "--instance-ids", f"@{tmp_path / 'ids'}")
    assert (done.exit, done.stdout) == (1, "")
    assert not changes(sim)


# Job logs


MANY = 60


def small_disk(size_: int) -> None:
    """Let no file of this process grow further than so many bytes: what a full disk is to a log."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_, size_))


def test_a_disk_that_is_full_in_mid_run_stops_it_and_spoils_nothing(
    run: Run, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    sim.reset(vms=MANY)
    names, log = sim.names("flex"), tmp_path / "log.jsonl"
    plan = run(
        "restart", "-g", "rg", "-n", "flex", "--max-parallel", "4", "--no-wait", "--job-log", str(tmp_path / "other")
    )
    assert plan.exit == 0
    stop_reason = (
        len((tmp_path / "other").read_bytes().split(b"\n")[0]) + 9000
    )  # for the plan, and for some of the steps
    sim.reset(vms=MANY)
    done = subprocess.run(
        [str(AZ), *["vmss-flex", "restart", "-g", "rg", "-n", "flex", "--max-parallel", "4", "--job-log"], str(log)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=partial(small_disk, stop_reason),
    )
    rows = json.loads(done.stdout)
    found = {row["instance"]: row["status"] for row in rows}
    assert list(found) == names
    assert set(found.values()) == {"Succeeded", "NotStarted"}
    assert done.returncode == 5
    assert "The job log could not be written: File too large." in done.stderr
    assert {vm for vm, _ in sim.accepted()} == {name for name, status in found.items() if status == "Succeeded"}
    assert job_log.read_complete(str(log))
    resumed = run("restart", "--resume", str(log))
    assert resumed.exit == 0, resumed.stderr
    assert [row["status"] for row in resumed.json] == ["Succeeded"] * MANY
    assert sim.accepted() == {(name, "restart"): 1 for name in names}


@pytest.fixture(scope="module")
def real_log(simulator: Simulator, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The log of a run in which one failed, one was throttled and the rest went well."""
    simulator.reset()
    first, second, *_ = simulator.names("flex")
    simulator.add_fault({"action": "restart", "vm": first, "fault": {"status": 409}})
    simulator.add_fault({"action": "restart", "vm": second, "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    words = [
        "vmss-flex",
        "restart",
        "-g",
        "rg",
        "-n",
        "flex",
        "--batch-size",
        "2",
        "50%",
        "--max-errors",
        "9",
        "--job-log",
    ]
    done = subprocess.run([str(AZ), *words, str(path)], env=environment, capture_output=True, check=False)
    assert done.returncode == 4
    return path.read_text("utf-8")


def go_on(path: Path) -> None:
    """Read a log as far as it goes without a service."""
    past = replay(job_log.read_complete(str(path)))
    merge_run_options({}, past.plan["how"])
    asked = Recorder()
    for logged in past.instances.values():
        one = instance(logged.planned["instance"])
        if logged.status in ENDED:
            outcome_of(one, logged)
        else:
            remaining_work(
                Source(asked.azure, OPERATIONS["restart"], "vm", timeout=60),
                [(one, logged)],
                lambda found: [Work(found, partial(Completed, None))],
            )
    assert not asked.asked


names_of_fields = st.sampled_from(["record", "version", "id", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names_of_fields, inner),
    max_leaves=6,
)
lines_of_json = json_values.map(lambda value: json.dumps(value).encode() + b"\n")


@given(content=st.binary(max_size=200) | lines_of_json)
def test_no_bytes_are_taken_for_a_log(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    with pytest.raises(AzCLIError):
        go_on(path)


GONE = object()  # a value that is removed
VALUES = [GONE, None, True, -1, 10**12, 1.5, "", "x", "..", [], {}, [1], {"x": 1}]


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """List every place in nested records: what it is in, and its key or index there."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *places_in(value[key]))]


@settings(max_examples=400)
@given(place=st.integers(0, 9999), value=st.sampled_from(VALUES))
def test_a_changed_log_is_resumed_or_refused(
    place: int, value: Any, real_log: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    records = [json.loads(line) for line in real_log.splitlines()]
    places = [one for record in records for one in places_in(record)]
    inside, key = places[place % len(places)]
    if value is GONE:
        del inside[key]
    else:
        inside[key] = value
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    try:
        go_on(path)
    except AzCLIError:
        return


def test_a_log_sends_nothing_to_an_instance_that_is_not_in_its_set(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sim.add_fault({"action": "restart", "times": 1, "fault": {"status": 409}})
    assert run("restart", "-g", "rg", "-n", "flex", "--job-log", str(log)).exit == 4
    text = log.read_text("utf-8").replace("virtualMachineScaleSets/flex", "virtualMachineScaleSets/other")
    records = [json.loads(line) for line in text.splitlines()]
    log.write_text("".join(json.dumps(one) + "\n" for one in records if one["record"] in ("plan", "intent")), "utf-8")
    done = run("restart", "--resume", str(log))
    assert done.exit == 4, done.stderr
    assert {row["error"]["code"] for row in done.json} == {"ResourceNotFound"}
    assert not sim.accepted()


def test_the_token_is_not_sent_to_a_url_of_another_service(
    real_log: str, run: Run, sim: Simulator, tmp_path: Path
) -> None:
    first = json.loads(real_log.splitlines()[0])["instances"][0]["id"]
    with Simulator(1) as stranger:
        accepted = {"record": "accepted", "at": "", "id": first, "operationUrl": f"{stranger.url}/subscriptions/x?y=1"}
        intent = {"record": "intent", "at": "", "id": first}
        lines = [real_log.splitlines()[0], json.dumps(intent), json.dumps(accepted)]
        (tmp_path / "log").write_text("".join(line + "\n" for line in lines), "utf-8")
        done = run("restart", "--resume", str(tmp_path / "log"))
        assert not stranger.requests()
    assert "Traceback" not in done.stderr
    assert done.json[0]["error"]["code"] == "RunEnded"
    assert sim.accepted()[sim.names("flex")[0], "restart"] == 0
