"""Job logs for `report`, and its page as a browser parses it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from azext_flexcompare.html_report import page as run_page
from azext_flexcompare.html_report.model import Run, read_run

BEGAN = datetime(2026, 11, 23, 7, 38, 12, tzinfo=timezone.utc)
SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/flex"
VOID = {"meta", "input", "link", "rect", "path", "use", "line", "br"}

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


def written(log: Log, folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in log), "utf-8")
    return path
