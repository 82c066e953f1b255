"""A simulated Azure in a process of its own, so that it does not count in a measurement."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tools.sandbox import log_in
from tools.wheel import ROOT

LISTED = "'virtualMachineScaleSet/id' eq '{}'"


class Traffic(NamedTuple):
    """The requests since the last reset; `reached` counts the VMs that were sent an operation."""

    requests: int
    refused: int
    connections: int
    reached: int


class Cloud:
    """The simulator of another process, and the environment in which `az` is logged in to it."""

    def __init__(self, ready: dict[str, Any], config: Path) -> None:
        self._url, self._own = ready["url"], ready["environment"]
        self._trust = ssl.create_default_context(cafile=ready["ca_file"])
        self._login: list[list[str]] = ready["login"]
        self.az = log_in(self, config)

    def environment(self) -> dict[str, str]:
        """Return the environment that `az` needs."""
        return dict(self._own)

    def login_commands(self) -> list[list[str]]:
        """List the commands of `az` that log in."""
        return self._login

    def reset(self, vms: int, sets: int, **settings: Any) -> None:
        """Reset the simulator, with `vms` VMs in the scale set `flex`, or in several sets."""
        self._control("reset", {**({"vms": vms} if sets == 1 else {"world": _world(vms, sets)}), **settings})

    def targets(self) -> dict[str, list[str]]:
        """List the ids of the VMs, and the ids and names of their scale sets."""
        state = {id_: vm["scaleSet"] or "" for id_, vm in self._control("state")["vms"].items()}
        members = {
            id_: set_id for id_, set_id in state.items() if "/rg/" in set_id and _name(set_id).startswith("flex")
        }
        sets = list(dict.fromkeys(members.values()))
        return {"vms": list(members), "sets": sets, "names": [_name(one) for one in sets]}

    def traffic(self) -> Traffic:
        """Count the requests that have arrived."""
        requests = [one for one in self._control("requests") if one["surface"] == "arm"]
        reached = sum(bool(vm["accepted"]) for vm in self._control("state")["vms"].values())
        refused = sum(one["status"] == 429 for one in requests)
        return Traffic(len(requests), refused, self._control("counts")["connections"], reached)

    def listing_seconds(self) -> float:
        """Measure the time to read the list of one scale set without a client's own work; its requests are counted."""
        token = self._token()
        (of_set, *_) = self.targets()["sets"]
        group = of_set[: of_set.lower().index("/providers/")]
        query = {"api-version": "2024-11-01", "$filter": LISTED.format(of_set), "$expand": "instanceView"}
        url = f"{self._url}{group}/providers/Microsoft.Compute/virtualMachines?{urllib.parse.urlencode(query)}"
        began = time.monotonic()
        while url:
            url = self._open(url, {"Authorization": f"Bearer {token}"}).get("nextLink", "")
        return time.monotonic() - began

    def _token(self) -> str:
        query = urllib.parse.urlencode({"resource": f"{self._url}/", "api-version": "2019-08-01"})
        headers = {"X-IDENTITY-HEADER": self._own["IDENTITY_HEADER"]}
        token: str = self._open(f"{self._own['IDENTITY_ENDPOINT']}?{query}", headers)["access_token"]
        return token

    def _control(self, what: str, body: Any = None) -> Any:
        return self._open(f"{self._url}/_sim/{what}", {}, body)

    def _open(self, url: str, headers: dict[str, str], body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, content, headers)  # noqa: S310  (the simulator's own address)
        with urllib.request.urlopen(request, context=self._trust) as answer:  # noqa: S310
            return json.load(answer)


def _world(vms: int, sets: int) -> dict[str, Any]:
    sizes = [vms // sets + (place < vms % sets) for place in range(sets)]
    scale_sets = {f"flex{place}": {"mode": "Flexible", "instances": size} for place, size in enumerate(sizes)}
    return {"resourceGroups": {"rg": {"scaleSets": scale_sets}}}


def _name(set_id: str) -> str:
    return set_id.rpartition("/")[2]


@contextmanager
def cloud(settings: list[str]) -> Iterator[Cloud]:
    """Start a simulator, log in to it, and end it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "armsim", "--ready-file", str(ready)]
        server = subprocess.Popen([*command, "--set", *settings], cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            yield Cloud(_await(ready, server), Path(folder) / "azure")
        finally:
            server.terminate()
            server.wait()


def _await(ready: Path, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    while not ready.exists():
        if server.poll() is not None:
            raise RuntimeError(f"the simulator ended with status {server.returncode}")
        time.sleep(0.05)
    announced: dict[str, Any] = json.loads(ready.read_text())
    return announced
