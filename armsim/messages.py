"""HTTP requests and responses, independent of sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from armsim.arm.errors import ArmError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Request(NamedTuple):
    """One HTTP request; header and query names are lower-case, as both are case-insensitive in ARM."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    content: bytes
    connection: int

    def json(self) -> Any:
        """Return the body, None where there is none."""
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError as error:
            message = f"The request content was invalid and could not be deserialized: '{error}'."
            raise ArmError(400, "InvalidRequestContent", message) from None


class Response(NamedTuple):
    """One HTTP answer; `body` is what JSON is made of, None for an empty answer, bytes to be sent as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}

    def content(self) -> bytes:
        """Return the body as it goes over the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def read_request(
    method: str, target: str, headers: Mapping[str, str], content: bytes = b"", connection: int = 0
) -> Request:
    """Return the request that a target (path and query) and its headers make."""
    parts = urlsplit(target)
    query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
    return Request(method, target, parts.path, query, headers=headers, content=content, connection=connection)
