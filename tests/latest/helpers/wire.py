"""The wire: what a client sends to Azure, kept in place of being sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from azext_flexcompare.arm.transport import HTTPS

ANSWER = {"Azure-AsyncOperation": "https://localhost/operations/1", "Content-Type": "application/json"}


class Sent(NamedTuple):
    """A request as it would have been sent; its body parsed, the names of its headers in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any


class Wire(HTTPAdapter):
    """The connections of requests, cut: each request is kept, and accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # type: ignore[override]
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        body = json.loads(request.body) if request.body else None
        self.sent.append(Sent(str(request.method), str(request.url), headers, body))
        self.options.append(options)
        answer = HTTPResponse(BytesIO(b""), headers=ANSWER, status=202, preload_content=False)
        return self.build_response(request, answer)


@contextmanager
def wire_of(client: Any) -> Iterator[Wire]:
    """Cut the connections of a client, and of all that share its transport."""
    session, wire = client._client._pipeline._transport.session, Wire()
    before = session.adapters[HTTPS]
    session.mount(HTTPS, wire)
    try:
        yield wire
    finally:
        session.mount(HTTPS, before)
