"""One simulator a test process, reset before every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from armsim import Simulator
from armsim.tests.client import Arm

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600
MONTH = 30 * 24 * HOUR


@pytest.fixture(scope="session")
def _running() -> Iterator[tuple[Simulator, Arm]]:
    with Simulator(vms=6, seconds=HOUR, retry_after_ms=1, token_lifetime=MONTH) as sim:
        arm = Arm(sim)
        yield sim, arm
        arm.session.close()


@pytest.fixture
def sim(_running: tuple[Simulator, Arm]) -> Simulator:
    """A fresh world in which operations take an hour: time passes only by sim.advance()."""
    _running[0].reset()
    return _running[0]


@pytest.fixture
def arm(_running: tuple[Simulator, Arm], sim: Simulator) -> Arm:  # noqa: ARG001 - the reset comes first
    _running[1].login()
    return _running[1]


@pytest.fixture
def vm(sim: Simulator) -> str:
    """The name of a running VM."""
    return sim.names("flex")[0]
