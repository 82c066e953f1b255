"""Server under load and run by hand."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from armsim.tests.client import Arm


def test_only_the_loopback_interface_listens(arm: Arm) -> None:
    assert arm.sim._server.server_address[0] == "127.0.0.1"
    assert arm.sim.url == f"https://localhost:{arm.sim._server.server_port}"


def test_a_client_that_never_shakes_hands_stalls_no_other(arm: Arm) -> None:
    with socket.create_connection(("127.0.0.1", arm.sim._server.server_port)):
        assert Arm(arm.sim).get(arm.group()).status_code == 200


def test_32_clients_at_once_get_every_operation_accepted_once(arm: Arm) -> None:
    arm.sim.reset(vms=320)
    names = arm.sim.names("flex")

    def restart(share: list[str]) -> list[int]:
        client = Arm(arm.sim)
        statuses = [client.act(name, "restart").status_code for name in share]
        client.session.close()
        return statuses

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(restart, [names[start::32] for start in range(32)]))
    assert [status for share in statuses for status in share] == [202] * 320
    assert all(arm.sim.vm(name)["accepted"] == {"restart": 1} for name in names)
    assert [entry["number"] for entry in arm.sim.requests(login=True)] == list(range(320 + 32))


def start(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "armsim", "--ready-file", str(tmp_path / "ready.json"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_ready(tmp_path: Path, process: subprocess.Popen[str]) -> dict[str, object]:
    file = tmp_path / "ready.json"
    while not file.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    return json.loads(file.read_text())


def test_it_runs_by_hand_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"action": "listSubscriptions", "fault": {"status": 503}}]))
    process = start(tmp_path, "--vms", "2", "--faults", str(faults))
    ready = wait_until_ready(tmp_path, process)
    token = requests.get(
        ready["environment"]["IDENTITY_ENDPOINT"],
        params={"resource": "x"},
        headers={"X-IDENTITY-HEADER": ready["environment"]["IDENTITY_HEADER"]},
        verify=ready["ca_file"],
        timeout=10,
    ).json()["access_token"]
    answer = requests.get(
        f"{ready['url']}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token}"},
        verify=ready["ca_file"],
        timeout=10,
    )
    assert answer.status_code == 503
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert f"az cloud register -n armsim --endpoint-resource-manager {ready['url']}" in output
    assert "export AZURE_CONFIG_DIR=" in output
    assert not Path(ready["ca_file"]).exists()


def test_a_setting_with_a_mistake_is_named(tmp_path: Path) -> None:
    process = start(tmp_path, "--set", "limits=true", "bulk_regions=7")
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (1, "armsim: setting 'bulk_regions' cannot be 7\n")


def test_a_world_with_a_mistake_is_named_and_not_served(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text('{"planets": 9}')
    process = start(tmp_path, "--world", str(world))
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("armsim: the world has the unknown key 'planets'")
