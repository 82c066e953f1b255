"""Does input that is malformed or hostile end in a sentence, and never in a request that changes the wrong thing?"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from azure.cli.core.azclierror import AzCLIError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armsim import Simulator
from armsim.resourcegraph.lexer import read_tokens
from armsim.world.description import default_description
from azext_flexcompare._validators import CHOICE, file_name, port, positive, resource_name, seconds, take_choice
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.locks import delete_lock, put_lock
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.list_poll import SetListPoll
from azext_flexcompare.execution.remaining_work import remaining_work
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import ENDED, outcome_of, replay
from azext_flexcompare.nat_rules.commands import load_balancer_id, read_load_balancer
from azext_flexcompare.planning.batches import parse_amount, parse_batch_size
from azext_flexcompare.planning.run_options import merge_run_options
from azext_flexcompare.planning.work import Work
from azext_flexcompare.queries.wait import Awaited
from azext_flexcompare.selection.resource_graph import literal
from azext_flexcompare.selection.selection import NEAREST, Choice, ChoiceError, select
from tests.latest.conftest import Run, changes
from tests.latest.warm import WarmAz
from tools.sandbox import AZ

DEEP = "[" * 20_000  # more than a parser of JSON can nest
OUT = [
    "'",
    '"',
    "|",
    "\n",
    "\\",
    "' | union resources | where name != '",
    "\\' or true //",
    "'' or 1 eq 1 or ''",
    "%27",
    "%2e%2e",
    "..",
    ".",
    "../..",
    "../../other/extensions/x",
    "/",
    "?api-version=1",
    "&$filter=",
    "#",
    ";rm -rf /",
    "$(id)",
    "`id`",
    "*",
    "é",
    "\x00",
    "\u2028",
    DEEP,
    "{}",
    "[null]",
    '[{"id": 5}]',
    '{"id": ["x"]}',
]
hostile = st.one_of(
    st.sampled_from(OUT), st.text(), st.lists(st.sampled_from(OUT), min_size=2, max_size=3).map("".join)
)
short = hostile.filter(lambda text: 0 < len(text) < 1000)
typable = hostile.filter(lambda text: "\x00" not in text and len(text) < 1000).map(
    lambda text: text.encode("utf-8", "ignore").decode()
)
GROUP = "/subscriptions/s/resourceGroups/rg/providers"


def set_called(name: str) -> ScaleSet:
    return ScaleSet("s", "rg", name, f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets/{name}")


def instance(name: str = "vm", scale_set: ScaleSet | None = None) -> Instance:
    id_ = f"{GROUP}/Microsoft.Compute/virtualMachines/{name}"
    return Instance(id_, name, scale_set or set_called("web"), "1", 0, "running", {}, "Succeeded", None, "here", None)


# What is typed


@pytest.mark.parametrize("parse", [parse_amount, parse_batch_size, seconds, positive, port, resource_name, file_name])
@given(text=st.one_of(hostile, st.from_regex(r"[-+]?[0-9._]{0,12}(e-?[0-9]{1,9})?(/[0-9]{1,3})?%?", fullmatch=True)))
@example(text="1/0")
@example(text="1e9999999")
@example(text="1e-400%")
@example(text="1" + "0" * 400)
@example(text="nan")
def test_a_value_is_read_or_refused_by_the_parser(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except (ValueError, TypeError, ArgumentTypeError):  # what a parser turns into a usage error
        return


@given(st.from_regex(r"[0-9]{1,9}|[0-9]{1,2}(\.[0-9]{1,9})?%", fullmatch=True))
def test_a_share_that_is_written_down_is_read_as_the_same(text: str) -> None:
    assert parse_amount(str(parse_amount(text))) == parse_amount(text)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a\nb", "a'b", "*"])
def test_what_would_lead_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(ArgumentTypeError):
        resource_name(name)


@pytest.mark.parametrize("name", ["web_1a2b", "a.b", "..a", "vmss-flex-protection", "CustomScript (2)", "été"])
def test_a_name_is_a_name(name: str) -> None:
    assert resource_name(name) == name


@given(
    lists=st.dictionaries(st.sampled_from(CHOICE), st.lists(hostile, max_size=3) | st.none()),
    group=hostile,
    name=hostile,
)
@example(lists={"instance_ids": [DEEP]}, group="rg", name="web")
@example(lists={"instance_ids": ['[{"id": 5}]']}, group="rg", name="web")
def test_a_choice_is_texts_or_refused(lists: dict[str, Any], group: str, name: str) -> None:
    typed = {**dict.fromkeys(CHOICE), **lists, "resource_group_name": group, "vmss_name": name}
    try:
        choice = take_choice(typed)
    except AzCLIError:
        return
    every = [choice.ids, choice.names, choice.zones, choice.fault_domains, choice.power_states, choice.exclude]
    assert all(isinstance(text, str) and text for values in every for text in values or ())


@given(
    *[st.none() | st.lists(short | st.sampled_from(["a", "b"]), min_size=1).map(tuple)] * 4,
    st.lists(short | st.just("a")).map(tuple),
)
def test_a_selection_is_of_members_or_refused(
    names: Any, zones: Any, domains: Any, states: Any, exclude: tuple[str, ...]
) -> None:
    members = [instance("a"), instance("b")]
    try:
        chosen = select(members, Choice("rg", "web", None, names, zones, domains, states, None, exclude))
    except ChoiceError:
        return
    assert chosen
    assert all(one in members for one in chosen)
    assert names is None or "*" in names or {one.name for one in chosen} <= {name.lower() for name in names}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # jmespath's own, for a way of writing texts
@given(hostile | st.from_regex(r"[a-z@\[\]().`'\"|&?*{}:, ]{1,30}", fullmatch=True))
def test_a_query_to_wait_for_is_read_or_refused(query: str) -> None:
    try:
        Awaited(custom=query).tests()
    except AzCLIError:
        return


# What is asked of the service


class Recorder:
    """Stands where a client does, and keeps the URLs that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, path: str, **_: Any) -> Any:
        self.asked.append(path)
        return {"value": []}

    def put(self, path: str, *_: Any, **__: Any) -> None:
        self.asked.append(path)

    def delete(self, path: str, **_: Any) -> None:
        self.asked.append(path)

    @property
    def azure(self) -> Azure:
        return Azure(lambda _: self, lambda _: self)

    def only(self) -> tuple[list[str], dict[str, str]]:
        """Split the one URL that was asked for as a service does."""
        [url] = self.asked
        parts = urlsplit(url)
        assert not parts.fragment
        return [unquote(one) for one in parts.path.split("/")], dict(parse_qsl(parts.query, keep_blank_values=True))


@given(hostile.filter(lambda text: text.isprintable()))
def test_no_name_ends_its_quotation_in_a_query(name: str) -> None:
    [found, end] = read_tokens(literal(name))
    assert (found.kind, found.text, end.kind) == ("string", name, "end")


@pytest.mark.parametrize("name", OUT)
def test_no_known_way_out_ends_its_quotation_in_a_query(name: str) -> None:
    [found, _] = read_tokens(literal(name))
    assert (found.kind, found.text) == ("string", name)


@given(hostile)
def test_no_name_of_a_set_leaves_the_filter_of_a_listing(name: str) -> None:
    asked = Recorder()
    one = set_called(name)
    SetListPoll(asked.azure, [SimpleNamespace(instances=[instance("a", one)])]).find_ended([])  # type: ignore[list-item]
    path, query = asked.only()
    assert path[-1] == "virtualMachines"
    assert query == {
        "$filter": "'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'",
        "api-version": "2024-11-01",
    }


@pytest.mark.parametrize("call", [delete_lock, partial(put_lock, level="ReadOnly", notes=None)])
@given(name=hostile.filter(bool))
def test_no_name_of_a_lock_leaves_its_instance(call: Callable[..., Any], name: str) -> None:
    asked = Recorder()
    call(asked.azure, instance(), name=name)
    path, query = asked.only()
    assert "/".join(path[:-1]) == f"{instance().id}/providers/Microsoft.Authorization/locks"
    assert path[-1] == name
    assert list(query) == ["api-version"]


@given(hostile.filter(bool))
def test_no_name_of_a_load_balancer_leaves_its_group(name: str) -> None:
    asked = Recorder()
    try:
        read_load_balancer(asked.azure, load_balancer_id([instance()], name))
    except AzCLIError:
        assert not asked.asked
        return
    path, query = asked.only()
    assert "/".join(path[:-1]) == f"{GROUP}/Microsoft.Network/loadBalancers"
    assert path[-1] == name
    assert list(query) == ["api-version"]


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
    assert "leads elsewhere; nothing was sent" in done.stderr
    assert not sim.requests()


@settings(max_examples=60)
@given(
    typed=st.tuples(st.sampled_from(["--instance-ids", "--ids", "-n", "-g", "--exclude", "--zone", "--tag"]), typable)
)
def test_whatever_is_typed_ends_in_a_sentence_and_changes_nothing(
    typed: tuple[str, str], simulator: Simulator, warm: WarmAz
) -> None:
    option, text = typed
    simulator.reset()
    place = {"-g": "rg", "-n": "flex"} if option != "--ids" else {}
    words = [word for pair in ({**place, option: f"{text}!"}).items() for word in pair]
    done = warm.run("restart", *words)
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
@pytest.mark.parametrize("place", ["{folder}", "/proc/nope/x", "/dev/full"])
def test_a_log_that_cannot_be_begun_stops_the_run_before_it_begins(
    place: str, run: Run, sim: Simulator, tmp_path: Path
) -> None:
    done = run("restart", "-g", "rg", "-n", "flex", "--job-log", place.format(folder=tmp_path))
    assert (done.exit, done.stdout) == (1, "")
    assert "could not be written" in done.stderr or "cannot be written" in done.stderr
    assert not changes(sim)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_events_that_nobody_can_keep_stop_nothing(run: Run, sim: Simulator) -> None:
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


def test_ten_thousand_unknown_names_are_all_named_and_the_nearest_of_a_few() -> None:
    unknown = tuple(f"web_{number}x" for number in range(10_000))
    with pytest.raises(ChoiceError) as refused:
        select([instance(f"web_{number}") for number in range(1000)], Choice("rg", "web", None, unknown))
    told = str(refused.value)
    assert all(name in told for name in unknown)
    assert told.count("(nearest: ") == NEAREST


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
    for logged in past.logged_instances.values():
        one = instance(logged.planned["instance"])
        if logged.status in ENDED:
            outcome_of(one, logged)
        else:
            remaining_work(
                asked.azure, [(one, logged)], lambda found: [Work(found, partial(Completed, None))], single=True
            )
    assert not asked.asked


names_of_fields = st.sampled_from(["record", "version", "id", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names_of_fields, inner),
    max_leaves=6,
)
lines_of_json = values.map(lambda value: json.dumps(value).encode() + b"\n")


@given(content=st.binary(max_size=200) | lines_of_json)
def test_no_bytes_are_taken_for_a_log(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    with pytest.raises(AzCLIError):
        go_on(path)


@settings(max_examples=400)
@given(data=st.data())
def test_a_log_of_which_anything_was_changed_is_gone_on_with_or_refused(
    data: st.DataObject, real_log: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    records = [json.loads(line) for line in real_log.splitlines()]
    place: Any = data.draw(st.sampled_from(records))
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(st.sampled_from([None, True, -1, 10**12, 1.5, "", "x", "..", [], {}, [1], {"x": 1}]))
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


def test_the_login_is_shown_to_nobody_to_whom_a_log_leads(
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
