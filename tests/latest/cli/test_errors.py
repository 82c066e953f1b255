"""Errors from outside a command: one sentence each, without a traceback."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import INSTANCES
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ, az, log_in

RESTART = ("vmss-flex", "restart", "-g", "rg", "-n", "flex")


def test_an_expired_token_is_one_sentence(sim: Simulator, environment: dict[str, str]) -> None:
    sim.configure(token_lifetime=0)
    done = az(environment, *RESTART, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "az login" in done.stderr
    assert "Traceback" not in done.stderr
    assert not changes(sim)


def test_a_missing_login_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    done = az({**environment, "AZURE_CONFIG_DIR": str(tmp_path)}, *RESTART, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "az login" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_endpoint_is_one_sentence(tmp_path: Path) -> None:
    # The token still comes from somewhere; it is Azure Resource Manager that does not answer.
    with Simulator(INSTANCES) as login:
        both = tmp_path / "both.pem"
        with Simulator(INSTANCES) as gone:
            environment = log_in(gone, tmp_path)
            both.write_text(gone.ca_file.read_text() + login.ca_file.read_text())
        environment |= {**login.environment(), "REQUESTS_CA_BUNDLE": str(both)}
        done = az(environment, *RESTART, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("answer", "exit_status", "sent"), [("y", 0, 2), ("n", 1, 0)])
def test_it_asks_on_a_terminal_and_takes_no_for_an_answer(
    sim: Simulator, environment: dict[str, str], answer: str, exit_status: int, sent: int
) -> None:
    names = sim.names("flex")[:2]
    command = [str(AZ), "vmss-flex", "delete-instances", "-g", "rg", "-n", "flex", "--instance-ids", *names]
    controller, terminal = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.write(controller, f"{answer}\n".encode())
        said, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)
    assert process.returncode == exit_status
    assert b"2 instances of scale set flex" in said
    assert len(changes(sim)) == sent
