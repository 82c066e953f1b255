"""The limits of a run: parallelism, time, threads and request rates."""

from __future__ import annotations

from typing import NamedTuple

from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Rate


class Limits(NamedTuple):
    """The limits of a run; the rates hold for each rate-limit group, until the service says what it takes."""

    workers: int  # threads, each of which makes one request at a time
    parallel: int | None = None  # targets in progress at once
    timeout: float | None = None  # seconds for each target
    wait: bool = True  # until the operations end
    sends: Rate = UNLIMITED
    polls: Rate = UNLIMITED
