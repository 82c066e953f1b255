"""Are secrets shown nowhere?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from armsim import Simulator
from azext_flexcompare.output.masking import MASK
from tests.latest.helpers.az import Run

SET = (
    "extension",
    "set",
    "-g",
    "rg",
    "--vmss-name",
    "flex",
    "-n",
    "customScript",
    "--publisher",
    "p",
    "--version",
    "1",
)
SECRET = 'pass"word\\with ü'


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "protected.json"
    path.write_text(json.dumps({"nested": [{"commandToExecute": SECRET}]}))
    return f"@{path}"


def shown(text: str) -> bool:
    return any(form in text for form in (SECRET, json.dumps(SECRET)[1:-1], 'pass\\"word', "word\\\\with"))


def test_protected_settings_are_sent_and_neither_printed_nor_logged(run: Run, sim: Simulator, settings: str) -> None:
    done = run(*SET, "--protected-settings", settings, "--debug")
    assert done.exit == 0
    assert "/extensions/customScript" in done.stderr
    assert MASK in done.stderr
    assert not shown(done.stdout + done.stderr)
    bodies = [request["body"] for request in sim.requests() if request["action"] == "extension-put"]
    assert len(bodies) == len(sim.names("flex"))
    assert all(body["properties"]["protectedSettings"]["nested"][0]["commandToExecute"] == SECRET for body in bodies)


def test_a_service_that_repeats_a_secret_is_not_repeated(run: Run, sim: Simulator, settings: str) -> None:
    fault = {"status": 400, "code": "BadRequest", "message": f"I do not like {SECRET}."}
    sim.add_fault({"action": "extension-put", "vm": "*", "fault": fault})
    done = run(*SET, "--protected-settings", settings)
    assert done.exit == 4
    assert done.json[0]["error"] == {"code": "BadRequest", "message": f"I do not like {MASK}."}
    assert not shown(done.stdout + done.stderr)
