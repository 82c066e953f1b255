"""Changes that a fault makes to an answer on its way out."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from armsim.messages import Response

KEYS = {"status", "headers", "body", "text", "hex", "members", "host", "accepted"}
_CONTENTS = ("body", "text", "hex", "members")


class Rewrite(NamedTuple):
    """What becomes of an answer.

    `status` and `headers` (None removes one) replace those of the answer. Its content is replaced by `body` (JSON),
    `text` or `hex` (bytes), or has some `members` changed, named by their path. `host` takes the place of the
    simulator's own address in links. Without `accepted` the request had no effect.
    """

    status: int | None = None
    headers: Mapping[str, str | None] = {}
    content: tuple[str, Any] | None = None
    host: str | None = None
    accepted: bool = True


def parse_rewrite(entry: dict[str, Any]) -> Rewrite:
    """Return the changes of their JSON form, or raise ValueError."""
    for name in ("headers", "members"):
        if not isinstance(entry.get(name, {}), dict):
            message = f"the {name} of a fault are an object"
            raise ValueError(message)  # noqa: TRY004 - the control API answers a ValueError
    contents = [name for name in _CONTENTS if name in entry]
    if len(contents) > 1:
        raise ValueError(f"a fault of kind answer has one of {', '.join(_CONTENTS)}")
    status = entry.get("status")
    if status is not None and not (isinstance(status, int) and 200 <= status <= 599):
        raise ValueError(f"a fault of kind answer has an HTTP status of 200 to 599, not {status}")
    content = (contents[0], _content(contents[0], entry[contents[0]])) if contents else None
    return Rewrite(status, entry.get("headers", {}), content, entry.get("host"), accepted=entry.get("accepted", True))


def _content(name: str, value: Any) -> Any:
    if name == "hex":
        return bytes.fromhex(value)
    return value.encode() if name == "text" else value


def rewrite(response: Response, change: Rewrite, url: str) -> Response:
    """Return an answer with the changes made; `url` is the simulator's own address."""
    body = response.body
    if change.content:
        name, value = change.content
        if name == "body":
            body = json.dumps(value).encode()
        else:
            body = _with_members(body, value) if name == "members" else value
    headers = dict(response.headers)
    if change.host:
        body = body if isinstance(body, bytes) else _moved(body, url, change.host)
        headers = {name: value.replace(url, change.host) for name, value in headers.items()}
    replaced = {name.lower() for name in change.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in replaced}
    headers |= {name: value for name, value in change.headers.items() if value is not None}
    return response._replace(status=change.status or response.status, body=body, headers=headers)


def _moved(body: Any, url: str, host: str) -> Any:
    return json.loads(json.dumps(body).replace(url, host))


def _with_members(body: Any, members: dict[str, Any]) -> Any:
    """Return a body with some members changed; one that would be in an object that is not there is left out."""
    changed = deepcopy(body)
    for path, value in members.items():
        *parents, last = path.split(".")
        place = changed
        for name in parents:
            place = _member(place, name)
        if isinstance(place, dict):
            place[last] = value
        elif isinstance(place, list) and int(last) < len(place):
            place[int(last)] = value
    return changed


def _member(place: Any, name: str) -> Any:
    if isinstance(place, list):
        return place[int(name)] if int(name) < len(place) else None
    return place.get(name) if isinstance(place, dict) else None
