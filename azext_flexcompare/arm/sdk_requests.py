"""The requests that methods of the SDK would send, each built by the SDK once and sent for any number of targets."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from azure.core.pipeline import PipelineRequest

PLACES = ("vmss-flex-place-0-", "vmss-flex-place-1-", "vmss-flex-place-2-")  # stand for the names of a target
KEPT = 16  # requests, each for one method with one set of arguments
OF_PIPELINE = ("authorization", "user-agent", "content-length")  # headers that our own pipeline adds


class Request(NamedTuple):
    """A request without what the pipeline adds: token, user agent, and the headers of the command."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: Any = None


class _Built(Exception):  # noqa: N818  (no error: it takes the request out of the SDK before it is sent)
    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


_lock = threading.Lock()  # the threads that send share what is kept
_kept: dict[tuple[int, str, int], tuple[Any, Any, Request]] = {}


def request_of(client: Any, call: str, place: Sequence[str], arguments: Mapping[str, Any]) -> Request:
    """Return the request of a method of the SDK, such as `virtual_machines.begin_restart`, for a target.

    `place` are the names that the method takes first, such as the resource group and the VM. The arguments must not
    be changed afterwards: they are known by their identity, so that a thousand targets cost one call of the SDK.
    """
    key = id(client), call, id(arguments)
    with _lock:
        found = _kept.pop(key, None) or (client, arguments, _build(client, call, PLACES[: len(place)], arguments))
        if len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = found  # the last one, so that the first one was not asked for the longest
    request, url = found[2], found[2].url
    for stands, name in zip(PLACES, place, strict=False):
        url = url.replace(stands, quote(name, safe=""))
    return request._replace(url=url)


def _build(client: Any, call: str, place: Sequence[str], arguments: Mapping[str, Any]) -> Request:
    group, name = call.split(".")
    options: dict[str, Any] = {"polling": False} if name.startswith("begin_") else {}
    method = getattr(getattr(client, group), name)
    try:
        answer = method(*place, **arguments, **options, raw_request_hook=_take, retry_total=0)
        next(answer.by_page())  # a list is requested once it is read
    except _Built as built:
        request = built.request
    headers = {name: value for name, value in request.headers.items() if name.lower() not in OF_PIPELINE}
    return Request(request.method, request.url, headers, request.content)


def _take(request: PipelineRequest[Any]) -> None:
    raise _Built(request.http_request)
