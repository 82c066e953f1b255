"""Routes by method and path, and the call that a handler receives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from armsim.arm.errors import ArmError, not_modelled

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.faults.rules import Fault
    from armsim.messages import Request, Response

_API_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")


class Call(NamedTuple):
    """A request for a handler: the variables of its path and the cloud that it is about."""

    request: Request
    params: dict[str, str]
    cloud: Cloud
    action: str
    fault: Fault | None = None

    def flag(self, name: str) -> bool:
        """Return whether a boolean query parameter is set."""
        value = self.request.query.get(name.lower(), "false").lower()
        if value not in {"true", "false"}:
            raise ArmError(400, "InvalidParameter", f"The value '{value}' of parameter '{name}' is invalid.")
        return value == "true"


Handler = Callable[[Call], "Response"]


class Route(NamedTuple):
    """One path template with a method; `action` is its name in the request log and in fault rules.

    `surface` is arm (needs a token and an api-version), login (asked by `az login`) or public (the login routes
    that have no token yet); `bucket` names the budget that the answer's rate headers show; `long` tells whether the
    request starts an operation.
    """

    method: str
    segments: tuple[str, ...]
    action: str
    handler: Handler
    query: frozenset[str]
    surface: str
    bucket: str
    long: bool

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the variables of a path, None when the path is another one."""
        params = {}
        for wanted, found in zip(self.segments, segments, strict=True):
            if wanted.startswith("{"):
                params[wanted[1:-1]] = found
            elif wanted.lower() != found.lower():
                return None
        return params


class Router:
    """The routes, looked up by path (case-insensitively, as ARM does) and method."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}

    def route(
        self,
        request: str,
        action: str,
        query: tuple[str, ...] = (),
        surface: str = "arm",
        bucket: str = "",
        long: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register a handler for `METHOD /path/{variable}`, which may carry the query parameters named."""
        method, path = request.split(" ")
        segments = tuple(path.strip("/").split("/"))
        names = frozenset(name.lower() for name in (*query, "api-version"))

        def register(handler: Handler) -> Handler:
            route = Route(method, segments, action, handler, query=names, surface=surface, bucket=bucket, long=long)
            self._routes.setdefault((method, len(segments)), []).append(route)
            return handler

        return register

    def include(self, other: Router) -> None:
        """Add the routes of another router."""
        for key, routes in other._routes.items():
            self._routes.setdefault(key, []).extend(routes)

    def actions(self) -> dict[str, bool]:
        """Return the names of all actions, and which of them start an operation."""
        return {route.action: route.long for routes in self._routes.values() for route in routes}

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a request and the variables of its path; 501 where there is none.

        Empty segments do not count: the lock client of `az` sends some.
        """
        segments = [unquote(segment) for segment in path.split("/") if segment]
        for route in self._routes.get((method, len(segments)), ()):
            params = route.match(segments)
            if params is not None:
                return route, params
        raise not_modelled(f"{method} {path}")


def check_query(route: Route, query: dict[str, str]) -> None:
    """Raise unless a request has an api-version (ARM's own 400) and no parameter that its route does not know."""
    unknown = sorted(set(query) - route.query)
    if unknown:
        raise not_modelled(f"query parameter '{unknown[0]}' of action '{route.action}'")
    if route.surface == "public":
        return
    version = query.get("api-version")
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", message)
    if not _API_VERSION.fullmatch(version):
        raise ArmError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
