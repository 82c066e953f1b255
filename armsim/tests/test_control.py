"""Control from Python and over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from armsim import Simulator
from armsim.tests.client import Arm

if TYPE_CHECKING:
    from pathlib import Path


def test_the_log_tells_what_was_asked(arm: Arm, vm: str) -> None:
    arm.act(vm, "reimage", {"tempDisk": True})
    entry = arm.sim.requests()[0]
    assert (
        entry
        | {
            "method": "POST",
            "path": f"{arm.sim.vm_id(vm)}/reimage",
            "query": {"api-version": "2024-03-01"},
            "body": {"tempDisk": True},
            "status": 202,
            "vm": vm,
            "action": "reimage",
            "error": None,
        }
        == entry
    )
    assert entry["monotonic"] > 0
    assert entry["time"].endswith("+00:00")


def test_requests_of_one_session_share_a_connection(arm: Arm) -> None:
    for _ in range(3):
        arm.get(arm.group())
    assert len({entry["connection"] for entry in arm.sim.requests()}) == 1


def test_everything_can_be_steered_over_http(arm: Arm, vm: str) -> None:
    def control(method: str, path: str, body: object = None) -> object:
        answer = arm.session.request(method, f"{arm.sim.url}/_sim/{path}", json=body, headers={"Authorization": ""})
        assert answer.status_code == 200, answer.text
        return answer.json()

    control("POST", "faults", {"action": "restart", "fault": {"status": 503}})
    assert arm.act(vm, "restart").status_code == 503
    control("DELETE", "faults")
    assert arm.act(vm, "restart").status_code == 202
    assert control("PATCH", "settings", {"page_size": 2})["page_size"] == 2
    state = control("GET", "state")
    assert (state["running"], state["peak"], state["vms"][arm.sim.vm_id(vm)]["operation"]) == (1, 1, "restart")
    control("POST", "clock", {"advance": 86400})
    assert control("GET", "state")["running"] == 0
    assert [entry["action"] for entry in control("GET", "requests")] == ["token", "restart", "restart"]
    later = [(entry["number"], entry["status"]) for entry in control("GET", "requests?since=1")]
    assert later == [(1, 503), (2, 202)]
    control("POST", "reset", {"vms": 2})
    assert control("GET", "requests") == []
    assert len(arm.sim.names("flex")) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", {"action": "restart"}, 400),
        ("PATCH", "settings", {"speed": 9}, 400),
        ("PATCH", "settings", {"page_size": 0}, 400),
        ("PATCH", "settings", {"seconds": "long"}, 400),
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "reset", {"world": {"planets": 9}}, 400),
        ("GET", "weather", None, 501),
    ],
)
def test_the_control_plane_is_as_strict(arm: Arm, method: str, path: str, body: object, status: int) -> None:
    assert arm.session.request(method, f"{arm.sim.url}/_sim/{path}", json=body).status_code == status


@pytest.mark.parametrize(
    ("world", "named"),
    [
        ({"resourceGroups": {"g": {"scaleSets": {"s": {"size": "x", "colour": 1}}}}}, "colour"),
        ({"resourceGroups": {"g": {"scaleSets": {"s": {"overrides": {"*": {"powr": 1}}}}}}}, "powr"),
        ({"resourceGroups": {"g": {"scaleSets": {"s": {"mode": "Rigid"}}}}}, "Rigid"),
        ({"resourceGroups": {"g": {"scaleSets": {"s": {"overrides": {"*": {"osType": "BeOS"}}}}}}}, "BeOS"),
        ({"resourceGroups": {"g": {"virtualMachines": {"v": {"powerState": "asleep"}}}}}, "asleep"),
        ({"resourceGroups": {"g": {"scaleSets": {"s": {"instances": ["a", "A"]}}}}}, "A"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(sim: Simulator, world: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        sim.reset(world)


def test_worlds_are_the_same_every_time(sim: Simulator) -> None:
    before = sim.names("flex")
    sim.reset()
    assert sim.names("flex") == before
    assert all(name.startswith("flex_") and len(name) == 13 for name in before)


def test_a_large_world_has_no_two_vms_of_one_name(sim: Simulator) -> None:
    sim.reset(vms=5000)
    assert len(set(sim.names("flex"))) == 5000


def test_the_peak_is_the_most_that_ever_ran_at_once(arm: Arm) -> None:
    names = arm.sim.names("flex")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: Arm.act(arm, name, "restart"), names[:3]))
    arm.sim.advance(86400)
    arm.act(names[0], "restart")
    state = arm.session.get(f"{arm.sim.url}/_sim/state").json()
    assert (state["peak"], state["running"], state["operations"]) == (3, 1, 4)


def test_a_recording_has_one_line_an_exchange(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    with Simulator(vms=1, record=file) as sim:
        arm = Arm(sim)
        arm.act(sim.names("flex")[0], "restart")
        arm.get(f"{arm.vms()}/ghost")
        arm.session.close()
        ca_file = sim.ca_file
        assert ca_file.exists()
    assert not ca_file.exists()
    exchanges = [json.loads(line) for line in file.read_text().splitlines()]
    assert [exchange["response"]["status"] for exchange in exchanges] == [202, 404]
    assert exchanges[1]["response"]["body"]["error"]["code"] == "ResourceNotFound"
