"""Which requests arrived, and what was answered?"""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from armsim.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.messages import Request, Response


class Entry(NamedTuple):
    """One line of the request log; `status` is None where the connection was dropped."""

    time: datetime
    monotonic: float
    surface: str
    action: str | None
    vm: str | None
    request: Request
    status: int | None
    error: str | None

    def as_dict(self, number: int) -> dict[str, Any]:
        """Return the entry as JSON shows it, with its number since the last reset."""
        return {
            "number": number,
            "time": stamp(self.time),
            "monotonic": self.monotonic,
            "connection": self.request.connection,
            "surface": self.surface,
            "method": self.request.method,
            "path": self.request.path,
            "query": self.request.query,
            "body": _text(self.request.content) if self.surface == "arm" else None,
            "status": self.status,
            "error": self.error,
            "vm": self.vm,
            "action": self.action,
        }


def _text(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


class RequestLog:
    """The requests since the last reset; entries become dictionaries only when someone reads them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Remember a request."""
        self._entries.append(entry)

    def read(self, surfaces: set[str], since: int = 0) -> list[dict[str, Any]]:
        """Return the requests of some surfaces, from number `since` on."""
        entries = enumerate(self._entries[since:], since)
        return [entry.as_dict(number) for number, entry in entries if entry.surface in surfaces]


class Recorder:
    """Writes every ARM request and answer as one line of JSON, for a validator to read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = Lock()

    def record(self, request: Request, response: Response, host: str) -> None:
        """Write one exchange."""
        exchange = {
            "request": {
                "method": request.method,
                "url": f"{host}{request.target}",
                "query": request.query,
                "headers": {"content-type": request.headers.get("content-type", "application/json")},
                "body": _text(request.content),
            },
            "response": {
                "status": response.status,
                "headers": {"content-type": "application/json", **response.headers},
                "body": None if response.body is None else _text(response.content()),
            },
        }
        with self._lock:
            self._file.write(json.dumps(exchange) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
