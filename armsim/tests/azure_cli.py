"""The unmodified `az` as a subprocess."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator

AZ = Path(sys.executable).with_name("az")

needs_az = pytest.mark.skipif(not AZ.exists(), reason="no az beside this Python")


class Az(NamedTuple):
    """The real client, logged in to a simulator."""

    sim: Simulator
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(AZ), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def sent(self) -> list[tuple[str, int]]:
        """Return what reached the simulator, but the polls: actions and statuses."""
        return [(one["action"], one["status"]) for one in self.sim.requests() if one["action"] != "poll"]
