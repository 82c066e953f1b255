"""Fixtures of the tests that run the real `az` against a simulated Azure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from armsim import Simulator
from tests.latest.helpers.az import IMPATIENT, INSTANCES, Ran, Run, WarmAz
from tests.latest.helpers.warm_shell import WarmShell
from tools.sandbox import log_in

# Machines are noisy: no test depends on how quick one is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


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


@pytest.fixture(scope="session")
def unhurried(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmShell]:
    """An `az` that starts quickly, and waits as long as that of a user."""
    with WarmShell(environment, tmp_path_factory.mktemp("unhurried"), {}) as shell:
        yield shell


@pytest.fixture
def run(sim: Simulator, unhurried: WarmShell) -> Run:  # noqa: ARG001  (it is reset first)
    """Run `az vmss-flex ...` as a shell would."""

    def run(*arguments: str, stdin: str = "", cwd: Path | None = None, timeout: float = 60) -> Ran:
        done = unhurried.az("vmss-flex", *arguments, input=stdin, cwd=cwd, capture_output=True, timeout=timeout)
        assert "Traceback" not in done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def warm_process(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmAz]:
    """The process that has read the Azure CLI."""
    with WarmAz(environment, tmp_path_factory.mktemp("warm"), IMPATIENT) as warm:
        yield warm


@pytest.fixture
def warm(sim: Simulator, warm_process: WarmAz) -> WarmAz:  # noqa: ARG001  (it is reset first)
    """Run `az vmss-flex ...` often and quickly."""
    return warm_process
