"""Answers of the simulated Azure that are changed on their way, and a server beside it that records what it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple

from armsim import Simulator
from armsim.messages import Request, Response
from armsim.server import Server

Change = Callable[[Request, Response], Response | None]


@contextmanager
def rewriting(sim: Simulator, change: Change) -> Iterator[None]:
    """Change every answer of the service that is none to a test itself."""
    server = sim._server
    answer = server.answer

    def changed(request: Request) -> Response | None:
        found = answer(request)
        return found if found is None or request.path.startswith("/_sim") else change(request, found)

    server.answer = changed
    try:
        yield
    finally:
        server.answer = answer


class Stranger(NamedTuple):
    """A server that the client trusts and that is not Azure Resource Manager."""

    url: str
    requests: list[Request]


@contextmanager
def stranger_beside(sim: Simulator) -> Iterator[Stranger]:
    """Serve another address with the certificate of the service; it answers that all is well."""
    server = Server(0, sim._server.socket.context)  # type: ignore[attr-defined]
    stranger = Stranger(server.url, [])

    def answer(request: Request) -> Response:
        stranger.requests.append(request)
        return Response(200, {"status": "Succeeded", "value": []})

    server.answer = answer
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stranger
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
