"""Does the page say of a run what its log says, and can nothing in the log become a part of the page?"""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from armsim import Simulator
from azext_flexcompare.html_report import markup
from azext_flexcompare.html_report import page as run_page
from azext_flexcompare.html_report.chart import SHAPES, quartiles_of
from azext_flexcompare.html_report.model import STATUSES, UNFINISHED, WAITING, Run, read_run
from azext_flexcompare.html_report.timeline import Timeline
from tests.latest.conftest import Run as RunAz

BEGAN = datetime(2026, 11, 23, 7, 38, 12, tzinfo=timezone.utc)
SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/flex"
VOID = {"meta", "input", "link", "rect", "path", "use", "line", "br"}
HOSTILE = (
    *(
        "<script>alert(1)</script>",
        "</style><b>",
        '"><img src=x onerror=alert(1)>',
        "' onload='x",
        "<!--",
        "]]>",
        "&amp;",
    ),
    *("\u202eevil", "\0", "\x1b[31m", "\ud800", "\u2028", "$style ${digest}", "a\nb", "\u200b", "javascript:x", "ü"),
)

Log = list[dict[str, Any]]


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def planned(
    name: str, batch: int | None = 1, zone: str | None = "1", domain: int | None = 0, **of: Any
) -> dict[str, Any]:
    place = {"zone": zone, "faultDomain": domain, "scaleSet": "flex", "resourceGroup": "rg", **of}
    return {"id": f"/vms/{name}", "instance": name, "location": "westeurope", "batch": batch, **place}


def plan(*instances: dict[str, Any], when: float = 0, **of: Any) -> dict[str, Any]:
    run_options = {"batchSize": ["1", "10%"], "batchBy": ["zone"], "maxErrors": None, "noWait": False, "timeout": 7200}
    head = {"record": "plan", "at": at(when), "version": 1, "operation": "restart", "scaleSets": [SET]}
    return {**head, "options": {"--skip-shutdown": True}, "how": run_options, "instances": [*instances], **of}


def said(kind: str, when: float, name: str | None = None, **of: Any) -> dict[str, Any]:
    return {"record": kind, "at": at(when), **({"id": f"/VMS/{name}"} if name else {}), **of}


def ended(name: str, status: str, sent: float, end: float, **of: Any) -> dict[str, Any]:
    times = {"startedAt": at(sent), "finishedAt": at(end), "durationSeconds": end - sent}
    return said("outcome", end, name, status=status, error=None, reason=None, **times) | of


def whole_log() -> Log:
    """A run in which something of everything happened."""
    refused = {"code": "AllocationFailed"}
    return [
        plan(
            planned("flex_a"),
            planned("flex_b", domain=1),
            planned("flex_c", 2, "2"),
            planned("flex_d", 2, "2"),
            planned("flex_e", None, None, None),
        ),
        said("batch", 0, batch=1, of=2, instances=2),
        ended(
            "flex_e", "Skipped", 0, 0, startedAt=None, finishedAt=None, durationSeconds=None, reason="It is running."
        ),
        said("intent", 0.1, "flex_a"),
        said("intent", 0.2, "flex_b"),
        said("throttled", 0.3, "flex_b", seconds=5.0),
        said("accepted", 0.5, "flex_a", operationUrl="https://x/1"),
        said("throttled", 5.4, "flex_b", seconds=None),
        said("accepted", 6, "flex_b", operationUrl="https://x/2"),
        ended("flex_a", "Succeeded", 0.1, 10.1),
        ended("flex_b", "Failed", 0.2, 20.2, error={**refused, "message": "No room for flex_b now."}),
        said("health", 21, batch=1, unhealthy=[{"id": "/vms/flex_b", "reason": "The agent is silent."}]),
        said("batch", 22, batch=2, of=2, instances=2),
        said("intent", 22.1, "flex_c"),
        said("intent", 22.2, "flex_d"),
        ended("flex_c", "Failed", 22.1, 40, error={**refused, "message": "No room for flex_c now."}),
        ended("flex_d", "TimedOut", 22.2, 62.2, reason="No end within 40 seconds."),
        said("health", 63, batch=2, unhealthy=[]),
        said("stopped", 63.5, reason="Too many failures: 3."),
        said("end", 64, exit=5),
    ]


class Parsed(HTMLParser):
    """A page as a browser's parser sees it: its elements, and its texts by element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.kinds: list[str | None] = []  # of the table of each row
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
            self.kinds.append(next(one["class"] for name, one in reversed(self.elements) if name == "table"))
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1] if self.open else "", data))
        if {"td", "th"} & {*self.open} and self.rows[-1]:
            self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def texts(self, tag: str) -> list[str]:
        return [text for where, text in self.text if where == tag]

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(attribute)) is not None]

    def instances(self) -> dict[str, list[str]]:
        """The rows of the instances, without their headings and the drawing."""
        found = [row for kind, row in zip(self.kinds, self.rows, strict=True) if kind == "instances"]
        found = [row for row in found if row[0] != "Instance"]
        assert len({row[0] for row in found}) == len(found)
        return {row[0]: row[1:4] + row[5:] for row in found}

    @property
    def said(self) -> str:
        return " ".join(text for where, text in self.text if where != "style")


def run_in(log: Log) -> Run:
    return read_run(log, "log.jsonl")


def page_of(log: Log) -> str:
    return run_page.format_page(run_in(log), "log.jsonl")


def parsed(log: Log) -> Parsed:
    return Parsed(page_of(log))


def skeleton(page: Parsed) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in page.elements]


def test_each_instance_stands_there_once_with_what_became_of_it() -> None:
    assert parsed(whole_log()).instances() == {
        "flex_a": ["Succeeded", "1", "07:38:12", "10.0", ""],
        "flex_b": ["Failed", "1", "07:38:12", "20.0", "AllocationFailed, throttled 2 times"],
        "flex_c": ["Failed", "2", "07:38:34", "17.9", "AllocationFailed"],
        "flex_d": ["TimedOut", "2", "07:38:34", "40.0", "No end within 40 seconds."],
        "flex_e": ["Skipped", "", "", "", "It is running."],
    }


def test_instances_are_grouped_by_zone_and_fault_domain_with_those_that_have_none_last() -> None:
    page = parsed(whole_log())
    assert page.texts("h3") == ["Zone 1", "Zone 2", "No zone"]
    assert page.texts("h4") == ["Fault domain 0", "Fault domain 1", "Fault domain 0", "No fault domain"]


def test_sets_are_told_apart_where_there_are_several_even_of_one_name() -> None:
    other = SET.replace("/rg/", "/rg2/")
    log = [plan(planned("a"), planned("b", resourceGroup="rg2"), scaleSets=[SET, other])]
    page = parsed(log)
    assert page.texts("h3") == ["flex in rg, zone 1", "flex in rg2, zone 1"]
    assert "flex (resource group rg), flex (resource group rg2)" in page.texts("dd")


def test_zones_and_fault_domains_are_in_the_order_of_their_numbers() -> None:
    log = [plan(*(planned(f"i{number}", domain=number) for number in (10, 9, 1)))]
    assert parsed(log).texts("h4") == ["Fault domain 1", "Fault domain 9", "Fault domain 10"]


def test_the_head_says_what_was_done_when_and_how_it_ended() -> None:
    page = parsed(whole_log())
    facts = dict(zip(page.texts("dt"), page.texts("dd"), strict=False))
    assert page.texts("h1") == ["restart: flex"]
    assert page.texts("title") == ["restart: flex, 2026-11-23 07:38:12 UTC"]
    assert facts["Started"] == "2026-11-23 07:38:12 UTC"
    assert facts["Ended"] == "2026-11-23 07:39:16 UTC"
    assert facts["Duration"] == "1 min 4 s"
    assert facts["Exit status"] == "5, stopped early"
    assert facts["Scale set"] == "flex (resource group rg)"
    assert facts["Throttled"] == "2 times, 1 instance, retry after up to 5.0 s"
    assert facts["Health"] == "1 of 2 batches healthy"
    assert "5 instances: 1 Succeeded, 2 Failed, 1 TimedOut, 1 Skipped." in page.texts("p")
    assert "Stopped early: Too many failures: 3." in page.texts("p")


def test_options_are_shown_as_they_were_typed_and_those_left_out_are_not() -> None:
    options = [text for text in parsed(whole_log()).texts("span") if text.startswith("--")]
    assert options == ["--skip-shutdown", "--batch-size 1 10%", "--batch-by zone", "--timeout 7200"]


def test_equal_failures_are_told_once_with_the_names_of_whom() -> None:
    rows = [row for row in parsed(whole_log()).rows if len(row) == 4]
    assert rows[1:] == [
        ["Failed", "2", "AllocationFailed: No room for <instance> now.", "flex_b, flex_c"],
        ["TimedOut", "1", "No end within 40 seconds.", "flex_d"],
        ["Skipped", "1", "It is running.", "flex_e"],
    ]


def test_the_same_name_in_two_sets_leads_to_the_reason_of_each() -> None:
    log = [
        plan(planned("a"), planned("a", resourceGroup="rg2", id="/other/a"), scaleSets=[SET, SET.replace("rg", "rg2")]),
        ended("a", "Failed", 0, 1, error={"code": "One", "message": "x"}),
        ended("a", "Failed", 0, 1, error={"code": "Two", "message": "x"}, id="/other/a"),
    ]
    page = parsed(log)
    whys = [value for value in page.values("href") if value.startswith("#why-")]
    assert sorted(page.texts("a")[1:]) == ["One", "Two"]
    assert sorted(whys) == ["#why-1", "#why-2"]


def test_batches_say_when_they_began_what_became_of_them_and_their_health() -> None:
    rows = [row for row in parsed(whole_log()).rows if row[0] in ("1", "2")]
    assert rows == [
        ["1", "2", "1", "07:38:12", "20.2 s", "1 Succeeded, 1 Failed", "1 unhealthy: The agent is silent. flex_b"],
        ["2", "2", "2", "07:38:34", "40.2 s", "1 Failed, 1 TimedOut", "healthy"],
    ]


def test_durations_of_a_fault_domain_are_told_by_shortest_median_longest_and_slowest() -> None:
    rows = [row for row in parsed(whole_log()).rows if len(row) == 8]
    assert ["Zone 2", "0", "2", "17.9", "28.9", "40.0", "", "flex_d"] in [
        [*row[:4], f"{float(row[4]):.1f}", *row[5:]] for row in rows[1:]
    ]


def test_a_log_that_was_cut_says_who_had_been_sent_a_call_and_who_had_not() -> None:
    log = [one for one in whole_log() if one["at"] < at(9)]
    page = parsed(log)
    assert page.instances()["flex_a"] == [UNFINISHED, "1", "07:38:12", "", "accepted, no outcome"]
    assert page.instances()["flex_c"] == [WAITING, "2", "", "", ""]
    notice = next(text for text in page.texts("p") if "its last record is of 07:38:18 UTC" in text)
    assert "Sent without an outcome (Unfinished): 2 instances." in notice
    assert "Without a record (Waiting): 2 instances." in notice
    assert "Last record" in page.texts("dt")
    assert "Exit status" not in page.texts("dt")


@pytest.mark.parametrize("kept", range(1, len(whole_log()) + 1))
def test_wherever_a_log_is_cut_the_page_shows_every_instance(kept: int) -> None:
    page = parsed(whole_log()[:kept])
    assert sorted(page.instances()) == ["flex_a", "flex_b", "flex_c", "flex_d", "flex_e"]
    assert page.open == []


def test_of_a_retry_the_last_run_is_shown_and_nothing_of_the_runs_before() -> None:
    retry = [
        plan(planned("flex_b"), when=100),
        said("intent", 101, "flex_b"),
        ended("flex_b", "Succeeded", 101, 103),
        said("end", 104, exit=0),
    ]
    page = parsed([*whole_log(), *retry])
    assert page.instances() == {"flex_b": ["Succeeded", "1", "07:39:53", "2.0", ""]}
    told = "The log has 2 runs; this is the last one. 4 instances of the earlier runs had no part in it."
    assert told in page.texts("p")
    assert "Throttled" not in page.texts("dt")


def test_an_instance_of_a_retry_that_has_no_outcome_yet_has_not_that_of_the_run_before() -> None:
    log = [*whole_log(), plan(planned("flex_b"), when=100)]
    assert parsed(log).instances()["flex_b"][0] == WAITING


def test_the_time_between_leaving_and_resuming_takes_little_room() -> None:
    day = 86400
    log = [
        plan(planned("a")),
        said("intent", 1, "a"),
        said("resumed", day, None),
        said("accepted", day + 1, "a"),
        ended("a", "Succeeded", 1, day + 2),
        said("end", day + 2, exit=0),
    ]
    run = run_in(log)
    line = Timeline(run.started, run.last_record, run.pauses)
    places = [line.position(BEGAN + timedelta(seconds=seconds)) for seconds in (0, 1, day, day + 1, day + 2)]
    assert places == [0, 32.33, 35.33, 67.67, 100]
    assert "resumed at 2026-11-24 07:38:12" in parsed(log).said


def test_the_last_outcome_of_an_instance_counts() -> None:
    log = [plan(planned("a")), ended("a", "Failed", 0, 1), ended("a", "Succeeded", 0, 3)]
    assert parsed(log).instances()["a"][0] == "Succeeded"


@pytest.mark.parametrize("log", [[], [said("intent", 1, "a")], [{"record": "plan"}], [{"a": 1}], ["x"]], ids=str)
def test_what_tells_of_no_run_is_refused_by_name(log: Any) -> None:
    with pytest.raises(ValidationError, match=r"log\.jsonl has no run"):
        run_in(log)


texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), min_size=1, max_size=3).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def log_saying(text: str) -> Log:
    """A log with one text in every place where a text can stand."""
    log = [
        plan(
            planned(text, zone=text, domain=text, scaleSet=text, resourceGroup=text),  # type: ignore[arg-type]
            operation=text,
            scaleSets=[text],
            options={text: text},
            run_options={text: [text]},
        ),
        said("batch", 0, batch=1),
        said("intent", 1, text),
        said("throttled", 2, text, seconds=3),
        ended(text, text, 1, 5, error={"code": text, "message": text}),
        said("health", 6, batch=1, unhealthy=[{"id": f"/vms/{text}", "reason": text}]),
        said("stopped", 7, reason=text),
    ]
    return [one | ({"id": f"/vms/{text}"} if "id" in one else {}) for one in log]


@given(texts)
def test_no_text_of_a_log_becomes_an_element_or_an_attribute(text: str) -> None:
    html = run_page.format_page(run_in(log_saying(f"x{text}")), text)
    page, tame = Parsed(html), parsed(log_saying("x"))
    assert skeleton(page) == skeleton(tame)
    assert page.comments == []
    assert page.open == []
    assert [one.get("class") for _, one in page.elements] == [one.get("class") for _, one in tame.elements]
    assert markup.show_invisible(f"x{text}") in page.texts("h3")[0]


@given(texts)
def test_what_shows_nothing_or_turns_text_around_is_spelt_out(text: str) -> None:
    html = run_page.format_page(run_in(log_saying(f"x{text}")), text)
    assert {one for one in html if unicodedata.category(one)[0] == "C"} <= {"\n"}
    html.encode("utf-8")


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places_in(child, (*path, key))


PLACES = list(places_in(whole_log()))


@given(st.lists(st.tuples(st.sampled_from(PLACES), json_values), max_size=4))
def test_a_log_with_anything_anywhere_makes_a_page_or_is_refused(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    log: Any = copy.deepcopy(whole_log())
    for path, value in sorted(changes, key=lambda change: -len(change[0])):
        place = log
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    try:
        page = parsed(log)
    except ValidationError:
        return
    assert page.open == []


def test_the_page_asks_for_nothing_and_allows_nothing_but_its_own_style() -> None:
    page = parsed(whole_log())
    policy = next(one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy")
    digest = b64encode(sha256("".join(page.texts("style")).encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert {*page.values("href")} == {one for one in page.values("href") if one.startswith("#")}
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert page.values("src") == page.values("style") == []
    assert not re.search(r"url\(|@import|https?:", "".join(page.texts("style")))


def test_every_reference_inside_the_page_leads_somewhere() -> None:
    page = parsed(whole_log())
    ids = page.values("id")
    assert len({*ids}) == len(ids)
    assert {one[1:] for one in page.values("href")} | {*page.values("aria-labelledby")} <= {*ids}
    assert dict(page.elements)["html"]["lang"] == "en"
    assert {"header", "main", "footer", "title"} <= {tag for tag, _ in page.elements}


def test_every_status_has_a_shape_of_its_own_and_stands_there_as_a_word() -> None:
    assert {*STATUSES} < {*SHAPES}
    assert len({path for _, path in SHAPES.values()}) == len(SHAPES)
    log = [plan(*(planned(word) for word in STATUSES)), *(ended(word, word, 0, 1) for word in STATUSES)]
    assert {name: row[0] for name, row in parsed(log).instances().items()} == {word: word for word in STATUSES}


def colours(style: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    light, dark, printed = (
        part.split("}")[0] for part in (run_page.HERE / "page.css").read_text().split(":root {")[1:]
    )
    found = colours(light) | {"light": {}, "dark": colours(dark), "print": colours(printed)}[scheme]
    words = {"ink", "quiet", "good", "bad", "late", "other", "idle", "throttled", "focus"}
    assert words < {*found}
    weak = {word: contrast(found[word], found[ground]) for word in words for ground in ("paper", "band")
            if scheme != "print" or ground == "paper"}  # fmt: skip
    assert {word: ratio for word, ratio in weak.items() if ratio < 4.5} == {}


moments = st.datetimes(timezones=st.just(timezone.utc))


@given(moments, st.floats(0, 1e7), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6)), max_size=4))
def test_a_later_moment_is_never_further_left_and_ticks_are_few(
    began: datetime, active: float, pauses: list[tuple[float, float]]
) -> None:
    began = min(began, datetime(9000, 1, 1, tzinfo=timezone.utc))
    spans, end = [], began
    for share, pause in pauses:
        start = end + timedelta(seconds=share * active)
        end = start + timedelta(seconds=2 + pause)
        spans.append((start, end))
    end += timedelta(seconds=active)
    line = Timeline(began, end, spans)
    asked = sorted([began, end, *(moment for span in spans for moment in span)])
    places = [line.position(moment) for moment in asked]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] <= 100
    ticks = line.ticks()
    assert len(ticks) <= 2 * (5 + len(spans)) + 1
    assert all(other.position - one.position >= 9 for one, other in pairwise(ticks))


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.5, ["07:38:12.0", "07:38:12.1", "07:38:12.2", "07:38:12.3", "07:38:12.4", "07:38:12.5"]),
        (40, ["07:38:20", "07:38:30", "07:38:40", "07:38:50"]),
        (300, ["07:39", "07:40", "07:41", "07:42", "07:43"]),
        (5 * 86400, ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"]),
    ],
)
def test_ticks_stand_at_round_moments(seconds: float, labels: list[str]) -> None:
    ticks = Timeline(BEGAN, BEGAN + timedelta(seconds=seconds)).ticks()
    assert [tick.label for tick in ticks] == labels


def test_a_spread_of_one_duration_is_that_duration() -> None:
    assert quartiles_of([3.0]) == (3.0, 3.0, 3.0, 3.0, 3.0)
    assert quartiles_of([]) is None


def many(count: int) -> Log:
    """A long run, of which one in ten failed."""
    instances = [
        planned(f"flex_{number:08x}", 1 + number % 3, str(1 + number % 3), number % 5) for number in range(count)
    ]
    records = []
    for number, one in enumerate(instances):
        sent = number * 0.1
        records.append(said("intent", sent, one["instance"]))
        records.append(said("accepted", sent + 0.5, one["instance"]))
        bad = number % 10 == 0
        error = {"code": "AllocationFailed", "message": f"No room for {one['instance']}."} if bad else None
        records.append(ended(one["instance"], "Failed" if bad else "Succeeded", sent, sent + 30, error=error))
    return [
        plan(*instances),
        *(said("batch", n * 0.1, batch=n) for n in (1, 2, 3)),
        *records,
        said("end", 9999, exit=4),
    ]


def test_a_page_of_300_instances_is_small() -> None:
    html = page_of(many(300))
    assert len(html.encode()) < 250_000
    assert len(Parsed(html).instances()) == 300


def written(log: Log, folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in log), "utf-8")
    return path


def test_the_page_is_there_whole_or_as_it_was_and_nothing_else_is_left(tmp_path: Path) -> None:
    log, file = written(whole_log(), tmp_path), tmp_path / "page.html"
    file.write_text("old", "utf-8")
    with file.open(encoding="utf-8") as reader:
        told = run_page.write_report(str(log), str(file))
        assert reader.read() == "old"
    assert told == {
        "file": str(file),
        "operation": "restart",
        "instances": 5,
        "statuses": {"Succeeded": 1, "Failed": 2, "TimedOut": 1, "Skipped": 1},
        "throttled": 2,
        "exit": 5,
    }
    assert file.read_text("utf-8") == run_page.format_page(run_in(whole_log()), "log.jsonl")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["log.jsonl", "page.html"]


@pytest.mark.parametrize("place", [".", "missing/page.html", "log.jsonl/page.html", "n" * 300])
def test_a_place_that_cannot_be_written_is_named(place: str, tmp_path: Path) -> None:
    log = written(whole_log(), tmp_path)
    file = tmp_path / place
    with pytest.raises(FileOperationError, match=re.escape(str(file))):
        run_page.write_report(str(log), str(file))
    assert [one.name for one in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    log, link = written(whole_log(), tmp_path), tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    run_page.write_report(str(log), str(link))
    assert link.is_symlink()
    assert "restart" in (tmp_path / "page.html").read_text("utf-8")


def test_the_command_writes_the_page_and_prints_where_it_is(run: RunAz, tmp_path: Path) -> None:
    log = written(whole_log(), tmp_path)
    done = run("report", "--job-log", str(log), "-f", "page.html", cwd=tmp_path)
    assert done.exit == 0
    assert done.json["file"] == "page.html"
    assert done.json["statuses"]["Failed"] == 2
    assert len(Parsed((tmp_path / "page.html").read_text("utf-8")).instances()) == 5


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_log_that_cannot_be_read_is_one_error(name: str, run: RunAz, tmp_path: Path) -> None:
    done = run("report", "--job-log", name, "--file", "page.html", cwd=tmp_path)
    assert done.exit == 1
    assert name in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_real_run_and_its_retry_are_told_from_their_log(run: RunAz, sim: Simulator, tmp_path: Path) -> None:
    unlucky = sim.names("flex")[1]
    refusal = {"kind": "fail", "code": "AllocationFailed", "message": f"No room for {unlucky}."}
    sim.add_fault({"vm": unlucky, "action": "restart", "times": 1, "fault": refusal})
    batches = ("--batch-by", "zone", "--batch-size", "1", "--job-log", "log.jsonl")
    assert run("restart", "-g", "rg", "-n", "flex", *batches, cwd=tmp_path).exit == 4
    first = run("report", "--job-log", "log.jsonl", "-f", "first.html", cwd=tmp_path).json
    assert first["statuses"] == {"Succeeded": 5, "Failed": 1}
    page = Parsed((tmp_path / "first.html").read_text("utf-8"))
    assert sorted(page.instances()) == sorted(sim.names("flex"))
    assert page.instances()[unlucky][4] == "AllocationFailed"
    assert run("restart", "--retry-failed", "log.jsonl", cwd=tmp_path).exit == 0
    again = run("report", "--job-log", "log.jsonl", "-f", "again.html", cwd=tmp_path).json
    assert again["statuses"] == {"Succeeded": 1}
    assert "2 runs" in (tmp_path / "again.html").read_text("utf-8")
