"""The page of a real run of 300 instances in a browser."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.latest.helpers.report_logs import many, page_of
from tools.browser import CHROMIUM, Page, browser
from tools.picture import INSTANCES, THROTTLED, UNLUCKY, restart
from tools.sandbox import sandbox

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on the PATH")

ROWS = """[...document.querySelectorAll("table.instances tbody tr")].map(row => {
    const cells = [...row.cells].map(cell => cell.textContent.trim());
    const details = row.closest("details");
    return {
        name: cells[0], status: cells[1], batch: cells[2], sent: cells[3], seconds: cells[5], why: cells[6],
        domain: details.querySelector("h4").textContent,
        zone: details.closest("section").querySelector("h3").textContent,
        bars: row.querySelectorAll("rect").length,
        throttles: row.querySelectorAll("use.throttle").length,
    };
})"""
SHOWN = """Object.fromEntries(["Succeeded", "Failed"].map(status => [status, [...document.querySelectorAll(
    `.instances tr.${status}`)].filter(row => row.checkVisibility()).length]))"""
BULGING = """[...document.querySelectorAll("table")].filter(
    table => table.getBoundingClientRect().right > table.parentElement.getBoundingClientRect().right + 1).length"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OVERLAPPING = """[...document.querySelectorAll("table.instances tbody tr")].filter(row => {
    const boxes = [...row.cells].map(cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return cell.matches(".t") || !cell.textContent ? cell.getBoundingClientRect() : range.getBoundingClientRect();
    });
    return boxes.slice(0, 6).some((box, index) => box.right > boxes[index + 1].left + 0.5);
}).length"""


class Reported(NamedTuple):
    """A real run: its log, its page, and what `report` printed."""

    log: list[dict[str, Any]]
    file: Path
    told: dict[str, Any]

    def outcomes(self) -> dict[str, dict[str, Any]]:
        return {one["instance"]: self._outcome(one["id"]) | {"planned": one} for one in self.log[0]["instances"]}

    def _outcome(self, id_: str) -> dict[str, Any]:
        return [one for one in self.log if one["record"] == "outcome" and one["id"] == id_][-1]

    def throttles(self) -> Counter[str]:
        return Counter(one["id"].rsplit("/", 1)[-1] for one in self.log if one["record"] == "throttled")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp("run")
    with sandbox(INSTANCES, seconds=0.05) as (simulator, environment):
        told = restart(simulator, environment, folder)
    log = [json.loads(line) for line in (folder / "restart.jsonl").read_text("utf-8").splitlines()]
    return Reported(log, folder / "restart.html", told)


@pytest.fixture
def page(reported: Reported) -> Iterator[Page]:
    with browser() as page:
        page.open(reported.file)
        yield page


def events(page: Page, *methods: str) -> list[dict[str, Any]]:
    return [event["params"] for event in page.events if event["method"] in methods]


def test_the_page_says_of_each_of_300_instances_what_the_log_says(page: Page, reported: Reported) -> None:
    rows, outcomes, throttles = page.value(ROWS), reported.outcomes(), reported.throttles()
    assert len(rows) == len(outcomes) == INSTANCES
    assert {row["name"] for row in rows} == {*outcomes}
    for row in rows:
        outcome = outcomes[row["name"]]
        planned, error = outcome["planned"], outcome["error"]
        assert row["status"] == outcome["status"]
        assert row["batch"] == str(outcome["batch"])
        assert row["seconds"] == f"{outcome['durationSeconds']:.1f}"
        assert row["zone"] == f"Zone {planned['zone']}"
        assert row["domain"] == f"Fault domain {planned['faultDomain']}"
        assert row["throttles"] == throttles[row["name"]]
        assert ("AllocationFailed" in row["why"]) == ((error or {}).get("code") == "AllocationFailed")
        assert row["bars"] >= 2


def test_the_counts_are_those_of_the_log_everywhere(page: Page, reported: Reported) -> None:
    counts = Counter(one["status"] for one in reported.outcomes().values())
    assert counts == {"Succeeded": INSTANCES - len(UNLUCKY), "Failed": len(UNLUCKY)}
    assert reported.told["statuses"] == counts
    assert reported.told["throttled"] == sum(reported.throttles().values()) == len(THROTTLED)
    summary = page.value('document.querySelector(".summary").textContent')
    assert summary == f"300 instances: {counts['Succeeded']} Succeeded, {counts['Failed']} Failed."
    folded = page.value(
        '[...document.querySelectorAll("#failures ~ .scroll tbody tr")].map(row => row.cells[1].textContent)'
    )
    assert folded == ["5", "2"]
    batches = page.value('document.querySelectorAll("#batches ~ .scroll tbody tr").length')
    assert batches == reported.log[0]["batches"]


def test_the_browser_asks_the_network_for_nothing_and_has_nothing_to_complain_of(
    page: Page, reported: Reported
) -> None:
    page.screenshot(1400, 1000)
    asked = [event["request"]["url"] for event in events(page, "Network.requestWillBeSent")]
    assert asked == [reported.file.as_uri()]
    assert events(page, "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []


def test_a_browser_that_is_told_to_load_something_is_forbidden_by_the_page(page: Page) -> None:
    page.value("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    page.screenshot(1400, 1000)
    assert any("Content Security Policy" in event["entry"]["text"] for event in events(page, "Log.entryAdded"))


@pytest.mark.parametrize("width", [800, 1000, 1210, 1280, 1400])
def test_nothing_is_cut_off_or_lies_over_something_else(width: int, page: Page) -> None:
    page.screenshot(width, 1000)
    assert page.value(TOO_WIDE) == 0
    assert page.value(BULGING) == 0
    assert page.value(OVERLAPPING) == 0


def test_on_a_phone_each_table_scrolls_by_itself(page: Page) -> None:
    page.screenshot(400, 1000)
    assert page.value(TOO_WIDE) == 0
    wide = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth)"
    assert page.value(f"{wide}.length") >= len({row["domain"] for row in page.value(ROWS)})
    assert page.value(f"{wide}.every(one => getComputedStyle(one).overflowX === 'auto')")


def test_on_paper_nothing_stays_folded(page: Page) -> None:
    hidden = "[...document.querySelectorAll('tr, .names')].filter(one => !one.checkVisibility()).length"
    page.value("document.querySelectorAll('details').forEach(one => one.open = false)")
    assert page.value(hidden) > INSTANCES
    page.ask("Emulation.setEmulatedMedia", media="print")
    assert page.value(hidden) == 0


def test_the_page_is_read_and_filtered_by_keyboard(page: Page) -> None:
    focused = "[document.activeElement.tagName, document.activeElement.id, document.activeElement.textContent.trim()]"
    page.press("Tab", 9)
    assert page.value(focused) == ["A", "", "Skip to the instances"]
    page.press("Enter", 13, "\r")
    page.press("Tab", 9)
    assert page.value(focused)[:2] == ["INPUT", "show-Succeeded"]
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press(" ", 32, " ")
    assert page.value(SHOWN) == {"Succeeded": 0, "Failed": len(UNLUCKY)}
    page.press("Tab", 9)
    page.press("Tab", 9)
    assert page.value(focused)[0] == "SUMMARY"
    page.press("Enter", 13, "\r")
    assert page.value("document.activeElement.parentElement.open") is False


def test_the_page_is_dark_where_that_is_preferred_and_white_on_paper(page: Page) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page.screenshot(1400, 1000)
    assert page.value(ground) == "rgb(255, 255, 255)"
    page.screenshot(1400, 1000, dark=True)
    assert page.value(ground) == "rgb(21, 24, 28)"
    page.ask("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.value(ground) == "rgb(255, 255, 255)"


def test_on_paper_it_is_a_handful_of_pages(page: Page) -> None:
    printed = base64.b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")
    assert 4 < printed.count(b"/Type /Page\n") < 20
    assert len(printed) < 2_000_000


def test_a_page_without_styles_for_the_filter_shows_everything(page: Page) -> None:
    page.value("document.querySelector('style').remove()")
    assert page.value(SHOWN) == {"Succeeded": INSTANCES - len(UNLUCKY), "Failed": len(UNLUCKY)}


@pytest.mark.proof
def test_a_page_of_10000_instances_opens_and_holds_each(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page_of(many(10_000)), "utf-8")
    assert file.stat().st_size < 8_000_000
    with browser() as page:
        page.open(file)
        page.screenshot(1400, 1000)
        assert len({row["name"] for row in page.value(ROWS)}) == 10_000
