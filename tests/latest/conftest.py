"""How does a test run the real `az` against a simulated Azure?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from armsim import Simulator
from tests.latest.warm import WarmAz
from tools.sandbox import az, log_in

# Machines are noisy: no test depends on how quick one is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

INSTANCES = 6
IMPATIENT = {  # seconds of the product's that only cost a test its time
    "scheduler.scheduler.FIRST_RETRY": 0.05,
    "scheduler.scheduler.LONGEST_RETRY": 0.3,
    "scheduler.scheduler.SURVEY": 0.1,
    "scheduler.scheduler.TICK": 0.02,
    "scheduler.poll_interval.FIRST": 0.02,
    "scheduler.poll_interval.MARGIN": 0.01,
    "execution.unknown_outcome.GRACE": 0.1,
}
ACTING = ("POST", "DELETE", "PUT", "PATCH")


class Ran(NamedTuple):
    """What a user sees of a command."""

    exit: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator(INSTANCES, seconds=0.05, retry_after="none") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def environment(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return log_in(simulator, tmp_path_factory.mktemp("azure"))


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    """The simulated Azure as it is at first: nothing asked of it, nothing wrong with it."""
    simulator.reset()
    return simulator


@pytest.fixture
def run(sim: Simulator, environment: dict[str, str]) -> Run:  # noqa: ARG001  (it is reset first)
    """Run `az vmss-flex ...` as a shell would."""

    def run(*arguments: str, stdin: str = "", cwd: Path | None = None, timeout: float = 60) -> Ran:
        done = az(environment, "vmss-flex", *arguments, input=stdin, cwd=cwd, capture_output=True, timeout=timeout)
        assert "Traceback" not in done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def warm(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmAz]:
    """Run `az vmss-flex ...` often and quickly."""
    with WarmAz(environment, tmp_path_factory.mktemp("warm"), IMPATIENT) as warm:
        yield warm


def changes(sim: Simulator) -> list[dict[str, Any]]:
    """The requests that change something, in the order in which they came."""
    return [one for one in sim.requests() if one["method"] in ACTING and "resourcegraph" not in one["path"].lower()]
