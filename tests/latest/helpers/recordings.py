"""Recorded answers of Azure, served by the simulator's server in place of its own.

Needs the recordings, in the folder that the environment variable RECORDED names or beside the checkout. An answer is
served as it was recorded, apart from the address, the subscription, the `vmId` of a VM of the simulated world, and
`Retry-After`, of which a second is served as a hundredth, so that no test waits for long. What was not recorded, such
as the login, the simulator answers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from armsim import Simulator
from armsim.messages import Request, Response

ROOT = Path(__file__).parents[3]
BESIDE = next((one.parent for one in ROOT.parent.glob("*/*/recorded/vm-404.json")), ROOT / "recorded")
RECORDED = Path(os.environ.get("RECORDED") or BESIDE)
ADDRESS = "https://management.azure.com"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
READS = ("GET", "HEAD")
needs_recordings = pytest.mark.skipif(
    not (RECORDED / "vm-404.json").exists(), reason="no recordings: set RECORDED to their folder"
)


class Exchange(NamedTuple):
    """A recorded request, by its method and path, and its answer."""

    key: tuple[str, str, bool]
    answer: dict[str, Any]


def exchanges(file: str, action: str = "") -> list[Exchange]:
    """Return the exchanges of a recording; with an action those from its request on, up to the next that acts."""
    recording = json.loads((RECORDED / f"{file}.json").read_text("utf-8"))["exchanges"]
    found = [Exchange(key_of(one["request"]["method"], one["request"]["url"]), one["response"]) for one in recording]
    if not action:
        return found
    start = next(at for at, one in enumerate(found) if one.key[0] not in READS and one.key[1].endswith(action.lower()))
    later = (at for at, one in enumerate(found) if at > start and one.key[0] not in READS)
    return found[start : next(later, len(found))]


def key_of(method: str, url: str) -> tuple[str, str, bool]:
    """Return what tells requests apart: method, path, and whether the result of an operation is asked for."""
    parts = urlsplit(url)
    path = unquote(parts.path).lower()
    return method, path.partition(f"/{SUBSCRIPTION}/")[2] or path, "monitor=true" in parts.query


class RecordedAzure:
    """The answers to be served, each once and the last of a request for ever, and the requests that got one."""

    def __init__(self, sim: Simulator, found: list[Exchange]) -> None:
        self.sim, self.served = sim, list[str]()
        self.answers: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
        for one in found:
            self.answers.setdefault(one.key, []).append(one.answer)

    def answer(self, request: Request) -> Response | None:
        """Return the recorded answer to a request, or None where there is none."""
        url = request.target.replace(self.sim.subscription, SUBSCRIPTION)
        left = self.answers.get(key_of(request.method, url))
        if not left:
            return None
        self.served.append(f"{request.method} {request.path}")
        found = left.pop(0) if len(left) > 1 else left[0]
        text = self._here(json.dumps({"headers": found["headers"], "body": found["body"]}))
        here = json.loads(text)
        headers = {name.title(): value for name, value in here["headers"].items()}
        if "Retry-After" in headers:
            headers["Retry-After-Ms"] = str(10 * int(headers.pop("Retry-After")))
        return Response(found["status"], here["body"], headers)

    def _here(self, text: str) -> str:
        text = text.replace(ADDRESS, self.sim.url).replace(SUBSCRIPTION, self.sim.subscription)
        body = json.loads(text)["body"]
        machine = self.sim.vm(body.get("name", "")) if isinstance(body, dict) else None
        theirs = body["properties"].get("vmId") if machine and isinstance(body.get("properties"), dict) else None
        return text.replace(theirs, machine["vmId"]) if theirs and machine else text


@contextmanager
def recorded(sim: Simulator, found: list[Exchange]) -> Iterator[RecordedAzure]:
    """Serve recorded answers from the address of a simulator, until the end of the block."""
    azure, server = RecordedAzure(sim, found), sim._server
    own = server.answer
    server.answer = lambda request: azure.answer(request) or own(request)
    try:
        yield azure
    finally:
        server.answer = own
