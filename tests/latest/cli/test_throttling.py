"""Requests of each command against the rate limits of the service."""

from __future__ import annotations

import pytest

from armsim import Simulator
from tests.latest.helpers.az import Run, WarmAz
from tests.latest.helpers.worlds import many_sets

INSTANCES = 160
CAPACITY = 0.25  # of the documented; it fills as fast as documented


@pytest.mark.parametrize(
    "command",
    [
        ("list-instances",),
        ("show",),
        ("extension", "list"),
        (
            "extension",
            "set",
            "--publisher",
            "Microsoft.Azure.Extensions",
            "--name",
            "c",
            "--version",
            "2.1",
            "--no-wait",
        ),
        ("protection", "show"),
        ("wait", "--exists", "--interval", "1"),
        ("protection", "set", "--level", "CanNotDelete"),
        ("restart", "--no-wait"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_request_of_a_command_is_throttled(command: tuple[str, ...], run: Run, sim: Simulator) -> None:
    sim.reset(vms=INSTANCES)
    sim.configure(limits=True, limits_capacity=CAPACITY)
    done = run(*command, "-g", "rg", "--vmss-name" if command[0] == "extension" else "-n", "flex")
    assert done.exit == 0, done.stderr
    assert [request["path"] for request in sim.requests() if request["status"] == 429] == []


@pytest.mark.parametrize(
    "command", [("list-instances",), ("get-instance-view",), ("list-instance-public-ips",), ("nic", "list")]
)
def test_reading_many_sets_is_never_throttled(command: tuple[str, ...], warm: WarmAz, sim: Simulator) -> None:
    ids = many_sets(sim, 24, limits=True, limits_capacity=0.06)  # 15 reads at once, and 25 more a second
    done = warm.run(*command, "--ids", *ids)
    assert done.exit == 0, done.stderr
    assert sim.counts()["throttled"] == {}
    assert sim.counts()["requests"] > 25
