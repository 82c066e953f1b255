"""Fixtures: one simulator for each test process, reset before every test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from armsim import Simulator
from armsim.tests.azure_cli import Az
from armsim.tests.client import Arm

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600
MONTH = 30 * 24 * HOUR


@pytest.fixture(scope="session")
def _running() -> Iterator[tuple[Simulator, Arm]]:
    with Simulator(vms=6, seconds=HOUR, retry_after="none", retry_after_ms=1, token_lifetime=MONTH) as sim:
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


@pytest.fixture(scope="session")
def _logged_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    with Simulator(vms=3, seconds=0.02, retry_after="none", retry_after_ms=20) as sim:
        home = {"AZURE_CONFIG_DIR": str(tmp_path_factory.mktemp("az"))}
        az = Az(sim, {**os.environ, **sim.environment(), **home})
        for command in sim.login_commands():
            done = az.run(*command)
            assert done.returncode == 0, done.stderr
        yield az


@pytest.fixture
def az(_logged_in: Az) -> Az:
    """The unmodified client, on a fresh world in which operations take milliseconds."""
    _logged_in.sim.reset()
    return _logged_in


@pytest.fixture
def name(az: Az) -> str:
    """The name of a running VM that `az` sees."""
    return az.sim.names("flex")[0]
