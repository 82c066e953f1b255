"""The simulated cloud behind one lock."""

from __future__ import annotations

import time
from threading import RLock
from typing import TYPE_CHECKING, Any

from armsim.arm.operations import SIGNED
from armsim.arm.tokens import TokenIssuer
from armsim.clock import Clock
from armsim.cloud import Cloud
from armsim.dispatch import dispatch
from armsim.faults.book import FaultBook
from armsim.settings import Settings
from armsim.traffic import Entry
from armsim.world.build import build_worlds

if TYPE_CHECKING:
    from armsim.dispatch import Outcome
    from armsim.messages import Request, Response
    from armsim.traffic import Meter, Recorder


class Service:
    """The simulated cloud behind one lock, which must be held to use `cloud`."""

    def __init__(self, url: str, meter: Meter, recorder: Recorder | None = None) -> None:
        self.lock = RLock()
        self.meter = meter
        self._url = url
        self._recorder = recorder
        self._tokens = TokenIssuer()
        self.reset({}, Settings())

    def reset(self, description: dict[str, Any], settings: Settings) -> None:
        """Replace the world; tokens stay valid, so that clients stay logged in."""
        world, *others = build_worlds(description)
        with self.lock:
            clock = Clock()
            self.cloud = Cloud(self._url, world, settings, self._tokens, faults=FaultBook(clock), clock=clock)
            for other in others:
                self.cloud.add_subscription(other)
            self.meter.reset()

    def answer(self, request: Request) -> Response | None:
        """Return the answer to a request, None to drop the connection."""
        with self.meter:
            with self.lock:
                cloud = self.cloud
                cloud.catch_up()
                outcome = dispatch(request, cloud.of(request.path))
                cloud.log.add(_entry(request, outcome, cloud))
            if outcome.surface == "arm":
                self._follow(request, outcome.response, cloud.settings.latency)
            return outcome.response

    def _follow(self, request: Request, response: Response | None, latency: float) -> None:
        if self._recorder and response:
            self._recorder.record(request, response, self._url)
        if latency:
            time.sleep(latency)


def _without_signature(request: Request) -> Request:
    """Return a request without its headers and the signed part of its URL, which would fill the memory."""
    query = {name: value for name, value in request.query.items() if name not in SIGNED}
    return request._replace(target="", headers={}, query=query)


def _entry(request: Request, outcome: Outcome, cloud: Cloud) -> Entry:
    status = outcome.response.status if outcome.response else None
    return Entry(
        cloud.clock.utc(),
        cloud.now,
        outcome.surface,
        outcome.action,
        vm=outcome.vm,
        request=_without_signature(request),
        status=status,
        error=outcome.error,
        throttled=outcome.throttled,
    )
