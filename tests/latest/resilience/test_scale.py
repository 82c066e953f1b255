"""Ten thousand instances in one run, a hundred thousand by the bulk service, and one fleet divided among principals.

The figures are printed; `docs/performance.md` has them. Ratios are of the floor, below which no client can be: the
start of `az`, the pages of one list one after the other, the calls at the documented rate, and the slowest operation.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from armsim import Simulator
from azext_flexcompare.arm.rate_limits import CHANGES
from azext_flexcompare.planning.cost import least_seconds
from tests.latest.helpers.clouds import Credential
from tools.sandbox import AZ, az, log_in

REGIONS, IN_REGION = 10, 1000
BULK_SETS, IN_BULK_SET = 100, 1000
SHARES, FLEET = 4, 1200
SECONDS = 5.0  # of an operation, more or less
MARGIN = 1.15  # of the floor
BULK_LIMIT = 600.0  # seconds for a hundred thousand
DIVIDED = 0.5  # of the time of one principal, at most: the arithmetic has about a quarter


def tell(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")


class Measured(NamedTuple):
    """What a command did, and what it cost."""

    exit: int
    seconds: float
    processor: float
    megabytes: float
    rows: list[dict[str, Any]]

    def figures(self, sim: Simulator) -> str:
        """Return the figures of a run as a line."""
        found = sim.counts()
        return (
            f"{len(self.rows):,} rows in {self.seconds:.1f} s, {found['requests']:,} requests, "
            f"{sum(found['throttled'].values())} throttled, {found['connections']} connections, "
            f"{self.processor:.1f} s of processor ({1000 * self.processor / found['requests']:.2f} ms a request), "
            f"{self.megabytes:.0f} MB"
        )


def world_of(regions: int, sets: int, vms: int) -> dict[str, Any]:
    """Return so many scale sets in each region, each region with a resource group."""
    scale_sets = [{f"set{place}": {"instances": vms, "zones": ["1", "2", "3"]}} for place in range(regions * sets)]
    groups = {
        f"rg{region}": {
            "location": f"region{region}",
            "scaleSets": {name: one for each in scale_sets[region::regions] for name, one in each.items()},
        }
        for region in range(regions)
    }
    return {"resourceGroups": groups}


def begin(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Begin a command whose output goes to a file of the folder."""
    with (folder / "rows.json").open("wb") as rows:
        return subprocess.Popen([str(AZ), "vmss-flex", *arguments], env=environment, stdout=rows)


def end(process: subprocess.Popen[bytes], folder: Path, began: float) -> Measured:
    """Wait for the end of a command."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    rows = json.loads((folder / "rows.json").read_bytes() or b"[]")
    return Measured(process.returncode, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, rows)


def run(environment: dict[str, str], folder: Path, *arguments: str) -> Measured:
    began = time.monotonic()
    return end(begin(environment, folder, *arguments), folder, began)


def ids_of_sets(sim: Simulator, folder: Path) -> str:
    file = folder / "ids"
    file.write_text("\n".join(sim.scale_sets.values()))
    return f"@{file}"


def seconds_of_start(environment: dict[str, str]) -> float:
    began = time.monotonic()
    az(environment, "vmss-flex", "compare", "-o", "none").check_returncode()
    return time.monotonic() - began


def seconds_of_list(sim: Simulator) -> float:
    """Measure the pages of one scale set, one after the other, without the work of a client."""
    set_id = next(iter(sim.scale_sets.values()))
    group = set_id.partition("/providers/")[0]
    query = {"api-version": "2024-11-01", "$filter": f"'virtualMachineScaleSet/id' eq '{set_id}'"}
    url: str | None = f"{sim.url}{group}/providers/Microsoft.Compute/virtualMachines"
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(sim.ca_file)
        session.headers["Authorization"] = f"Bearer {Credential(sim).token}"
        began, params = time.monotonic(), {**query, "$expand": "instanceView"}
        while url:
            url, params = session.get(url, params=params).json().get("nextLink"), {}
    return time.monotonic() - began


def check_each_once(sim: Simulator, rows: Sequence[dict[str, Any]], action: str) -> None:
    """Check that every instance has a row that Succeeded, and was acted on once."""
    names = {name for scale_set in sim.scale_sets for name in sim.names(scale_set)}
    assert Counter(row["status"] for row in rows) == {"Succeeded": len(names)}
    assert {row["instance"] for row in rows} == names
    assert sim.accepted() == {(name, action): 1 for name in names}


def prove_regions(folder: Path, regions: int, vms: int) -> float:
    """Restart the scale set of each region in one run with limits on; return its time, relative to the floor."""
    with Simulator(world=world_of(regions, 1, vms), seconds=SECONDS, limits=True) as sim:
        environment = log_in(sim, folder / "azure")
        least = seconds_of_start(environment) + seconds_of_list(sim)
        sim.reset()
        done = run(environment, folder, "restart", "--ids", ids_of_sets(sim, folder), "--engine", "vm")
        check_each_once(sim, done.rows, "restart")
        slowest = max((one.ended or 0) - one.began for one in sim.intervals())
        floor = least + least_seconds(CHANGES.rate, vms) + slowest
        tell(f"{regions} regions of {vms:,}: {done.figures(sim)}; floor {floor:.1f} s, {done.seconds / floor:.2f}")
        assert (done.exit, sim.counts()["throttled"]) == (0, {})
        return done.seconds / floor


def prove_bulk(folder: Path, sets: int, vms: int) -> float:
    """Deallocate all instances of many scale sets by the bulk service; return the seconds."""
    with Simulator(world=world_of(min(sets, 10), -(-sets // 10), vms), seconds=SECONDS) as sim:
        environment, log = log_in(sim, folder / "azure"), folder / "log.jsonl"
        where = ("--ids", ids_of_sets(sim, folder), "--engine", "bulk", "--job-log", str(log))
        done = run(environment, folder, "deallocate", *where)
        tell(f"{len(sim.scale_sets)} sets of {vms:,}: {done.figures(sim)}; log {log.stat().st_size / 1e6:.0f} MB")
        assert done.exit == 0
        names = {name for scale_set in sim.scale_sets for name in sim.names(scale_set)}
        assert Counter(row["status"] for row in done.rows) == {"Succeeded": len(names)}
        assert {row["instance"] for row in done.rows} == names
        assert sorted(Counter(name for name, _ in sim.accepted().elements()).values()) == [1] * len(names)
        with log.open("rb") as records:
            assert sum(b'"record": "outcome"' in line for line in records) == len(names)
        return done.seconds


class Principal(NamedTuple):
    """A login with an identity of its own, which has rate limits of its own."""

    sim: Simulator
    name: str

    def environment(self) -> dict[str, str]:
        return self.sim.environment()

    def login_commands(self) -> list[list[str]]:
        return [
            [*command, "--client-id", self.name] if command[0] == "login" else command
            for command in self.sim.login_commands()
        ]


def prove_shares(folder: Path, shares: int, vms: int) -> float:
    """Restart a fleet by one principal, and by several that divide it; return the second time relative to the first."""
    with Simulator(world=world_of(1, 1, vms), seconds=SECONDS, limits=True) as sim:
        folders = [folder / f"{number}" for number in range(1, shares + 1)]
        for one in folders:
            one.mkdir()
        logins = [log_in(Principal(sim, f"identity-{one.name}"), one / "azure") for one in folders]
        fleet = ("restart", "-g", "rg0", "-n", "set0")
        sim.reset()
        alone = run(logins[0], folders[0], *fleet)
        tell(f"1 principal, {vms:,} instances: {alone.figures(sim)}")
        check_each_once(sim, alone.rows, "restart")
        assert (alone.exit, sim.counts()["throttled"]) == (0, {})
        sim.reset()
        began, logs = time.monotonic(), [str(one / "log.jsonl") for one in folders]
        processes = [
            begin(login, one, *fleet, "--shard", f"{one.name}/{shares}", "--job-log", log)
            for login, one, log in zip(logins, folders, logs, strict=True)
        ]
        with ThreadPoolExecutor(shares) as pool:
            divided = list(pool.map(partial(end, began=began), processes, folders))
        seconds = max(one.seconds for one in divided)
        for number, one in enumerate(divided, 1):
            tell(f"share {number}/{shares}: {len(one.rows)} rows in {one.seconds:.1f} s")
        tell(f"{shares} principals: {seconds:.1f} s, {seconds / alone.seconds:.2f} of one; {sim.counts()}")
        check_each_once(sim, [row for one in divided for row in one.rows], "restart")
        assert ({one.exit for one in divided}, sim.counts()["throttled"]) == ({0}, {})
        told = az(logins[0], "vmss-flex", "job", "show", "--merge", *logs, capture_output=True)
        merged = json.loads(told.stdout)
        assert (merged["exit"], merged["statuses"], merged["missingShares"]) == (0, {"Succeeded": vms}, [])
        return seconds / alone.seconds


@pytest.mark.proof
def test_ten_regions_of_a_thousand_are_restarted_near_the_floor_without_a_429(tmp_path: Path) -> None:
    assert prove_regions(tmp_path, REGIONS, IN_REGION) <= MARGIN


@pytest.mark.proof
def test_a_hundred_thousand_are_accounted_for_by_the_bulk_service_in_ten_minutes(tmp_path: Path) -> None:
    assert prove_bulk(tmp_path, BULK_SETS, IN_BULK_SET) <= BULK_LIMIT


@pytest.mark.proof
def test_four_principals_that_divide_a_fleet_go_past_the_budget_of_one(tmp_path: Path) -> None:
    assert prove_shares(tmp_path, SHARES, FLEET) <= DIVIDED
