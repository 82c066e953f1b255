"""The page of a run: what its log says, and nothing in the log becomes markup."""

from __future__ import annotations

import copy
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.html_report import markup
from azext_flexcompare.html_report import page as run_page
from tests.latest.helpers.report_logs import (
    SET,
    Log,
    Parsed,
    ended,
    many,
    page_of,
    parsed,
    plan,
    planned,
    run_in,
    said,
    whole_log,
    written,
)

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


def skeleton(page: Parsed) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in page.elements]


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
    assert options == ["--skip-shutdown", "--batch-size 1 10%", "--batch-by zone"]


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
            how={text: [text]},
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


def test_a_page_of_300_instances_is_small() -> None:
    html = page_of(many(300))
    assert len(html.encode()) < 250_000
    assert len(Parsed(html).instances()) == 300


def test_the_page_is_there_whole_or_as_it_was_and_nothing_else_is_left(tmp_path: Path) -> None:
    log, file = written(whole_log(), tmp_path), tmp_path / "page.html"
    file.write_text("old", "utf-8")
    with file.open(encoding="utf-8") as reader:
        told = run_page.write_report([str(log)], str(file))
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
        run_page.write_report([str(log)], str(file))
    assert [one.name for one in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    log, link = written(whole_log(), tmp_path), tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    run_page.write_report([str(log)], str(link))
    assert link.is_symlink()
    assert "restart" in (tmp_path / "page.html").read_text("utf-8")
