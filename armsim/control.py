"""Control API of the simulator under /_sim/, without tokens, faults or the request log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.dispatch import ROUTES
from armsim.faults.rules import parse_rule
from armsim.messages import Request, Response
from armsim.truth import count_traffic, describe_changes, describe_state, list_backends

if TYPE_CHECKING:
    from armsim.service import Service

PREFIX = "/_sim/"


class ControlPlane:
    """The handlers of /_sim/; every other request goes to the cloud."""

    def __init__(self, service: Service, reset: Callable[..., None]) -> None:
        self._service = service
        self._reset = reset
        self._routes: dict[str, Callable[[Request], Any]] = {
            "GET requests": self._requests,
            "GET state": self._state,
            "GET counts": self._counts,
            "GET changes": self._changes,
            "GET backends": self._backends,
            "POST reset": self._start_over,
            "POST faults": self._add_faults,
            "DELETE faults": self._clear_faults,
            "PATCH settings": self._change_settings,
            "POST clock": self._advance,
            "DELETE tokens": self._expire_tokens,
        }

    def answer(self, request: Request) -> Response | None:
        """Return the answer to any request, None to drop the connection."""
        if not request.path.startswith(PREFIX):
            return self._service.answer(request)
        self._service.meter.disregard(request.connection)
        try:
            return self._steer(request)
        except ArmError as error:
            return Response(error.status, error.body())

    def _steer(self, request: Request) -> Response:
        handler = self._routes.get(f"{request.method} {request.path.removeprefix(PREFIX)}")
        if handler is None:
            raise not_modelled(f"{request.method} {request.path}")
        try:
            with self._service.lock:
                self._service.cloud.catch_up()
                return Response(200, handler(request))
        except (ValueError, TypeError) as error:
            raise ArmError(400, "InvalidControl", str(error)) from None

    def _requests(self, request: Request) -> Any:
        since = int(request.query.get("since", "0"))
        return self._service.cloud.log.read({"arm", "login", "public"}, since)

    def _state(self, request: Request) -> Any:
        return describe_state(self._service.cloud) | self._counts(request)

    def _counts(self, request: Request) -> dict[str, Any]:  # noqa: ARG002
        return count_traffic(self._service.cloud, self._service.meter)

    def _changes(self, request: Request) -> dict[str, Any]:  # noqa: ARG002
        return describe_changes(self._service.cloud)

    def _backends(self, request: Request) -> list[dict[str, Any]]:  # noqa: ARG002
        return list_backends(self._service.cloud)

    def _start_over(self, request: Request) -> Any:
        body = request.json() or {}
        self._reset(world=body.pop("world", None), vms=body.pop("vms", None), **body)
        return {}

    def _add_faults(self, request: Request) -> Any:
        body = request.json()
        rules = [parse_rule(rule, ROUTES.actions()) for rule in (body if isinstance(body, list) else [body])]
        for rule in rules:
            self._service.cloud.faults.add(rule)
        return {"added": len(rules)}

    def _clear_faults(self, request: Request) -> Any:  # noqa: ARG002
        self._service.cloud.faults.clear()
        return {}

    def _change_settings(self, request: Request) -> Any:
        self._service.cloud.settings = self._service.cloud.settings.changed(request.json() or {})
        return asdict(self._service.cloud.settings)

    def _expire_tokens(self, request: Request) -> Any:  # noqa: ARG002
        self._service.cloud.tokens.expire()
        return {}

    def _advance(self, request: Request) -> Any:
        self._service.cloud.clock.advance(float((request.json() or {}).get("advance", 0)))
        return {}
