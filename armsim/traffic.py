"""Request log, traffic counters and recorder."""

from __future__ import annotations

import json
from collections import Counter
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
    throttled: str | None = None

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
            "throttled": self.throttled,
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
    """The requests since the last reset; entries become dictionaries only when they are read."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.throttled: Counter[str] = Counter()
        self.tokens = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Add a request."""
        self._entries.append(entry)
        if entry.status == 429:
            self.throttled[entry.throttled or "provider"] += 1
        self.tokens += entry.action == "token"

    def read(self, surfaces: set[str], since: int = 0) -> list[dict[str, Any]]:
        """Return the requests of some surfaces, from number `since` on."""
        entries = enumerate(self._entries[since:], since)
        return [entry.as_dict(number) for number, entry in entries if entry.surface in surfaces]


class Meter:
    """The connections that clients opened since the last reset, and their number of concurrent requests.

    Those for the simulator itself (/_sim/) are not among them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._connections: set[int] = set()
        self._in_flight = 0
        self._peak = 0

    @property
    def connections(self) -> int:
        """How many connections were accepted."""
        return len(self._connections)

    @property
    def peak(self) -> int:
        """The highest number of concurrent requests."""
        return self._peak

    def reset(self) -> None:
        """Reset the counters."""
        with self._lock:
            self._connections.clear()
            self._peak = self._in_flight

    def connect(self, number: int) -> None:
        """Count a connection."""
        with self._lock:
            self._connections.add(number)

    def disregard(self, number: int) -> None:
        """Remove a connection that is not a client's."""
        with self._lock:
            self._connections.discard(number)

    def __enter__(self) -> None:
        with self._lock:
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._in_flight -= 1


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
