"""Simulated clouds for several runs at once, and a login to one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

import requests
from azure.core.credentials import AccessToken

from armsim import Simulator
from tests.latest.helpers.az import Ran
from tools.sandbox import AZ, az, log_in

T = TypeVar("T")
IN_EACH = 60  # instances
CLOUDS = 3  # simulators, so many runs at once


class Cloud(NamedTuple):
    """A simulated Azure, and the environment of whoever is logged in to it."""

    sim: Simulator
    environment: dict[str, str]

    def run(self, *arguments: str) -> Ran:
        """Run `az vmss-flex ...` there."""
        done = az(self.environment, "vmss-flex", *arguments, capture_output=True, timeout=180)
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


def in_clouds(of_them: int, folder: Path, do: Callable[[Cloud, int], T], number: int, **settings: Any) -> list[T]:
    """Do something so many times, in as many clouds at once as said."""
    free: SimpleQueue[Cloud] = SimpleQueue()

    def do_in_one(one: int) -> T:
        cloud = free.get()
        try:
            return do(cloud, one)
        finally:
            free.put(cloud)

    with ExitStack() as stack, ThreadPoolExecutor(of_them) as pool:
        for place in range(of_them):
            sim = stack.enter_context(Simulator(IN_EACH, retry_after="none", **settings))
            free.put(Cloud(sim, log_in(sim, folder / f"azure{place}")))
        return list(pool.map(do_in_one, range(number)))


def kill_at(cloud: Cloud, moment: int, *arguments: str) -> bool:
    """Run az and kill it once the simulator has seen so many requests; say whether it still ran."""
    with subprocess.Popen(
        [str(AZ), "vmss-flex", "restart", *arguments],
        env=cloud.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None and cloud.sim.counts()["requests"] < moment:
            time.sleep(0.001)
        process.kill()
    return process.returncode == -9


class Credential:
    """A token of the simulator's identity endpoint."""

    def __init__(self, sim: Simulator) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(sim.ca_file)
            answer = session.get(f"{sim.url}/msi/token", params={"resource": "x"}, headers={"X-IDENTITY-HEADER": "y"})
        self.token = answer.json()["access_token"]

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(self.token, int(time.time()) + 3600)
