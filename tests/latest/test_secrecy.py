"""Are secrets shown nowhere?"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsim import Simulator
from azext_flexcompare.output.masking import MASK, make_masker, masked_logging
from tests.latest.conftest import Run

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


@given(st.text('ab"\\', min_size=1), st.text("xyz"), st.text("xyz"))
def test_every_text_loses_its_secret_and_nothing_else(secret: str, before: str, after: str) -> None:
    assert make_masker([secret])(before + secret + after) == before + MASK + after


def test_logging_is_as_before_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("cli.test")
    with masked_logging(make_masker(["s3cr3t"])):
        logger.warning("a %s b", "s3cr3t")
    logger.warning("a %s b", "s3cr3t")
    assert caplog.messages == [f"a {MASK} b", "a s3cr3t b"]


@pytest.mark.parametrize(("secrets", "masked"), [([], False), ([""], False), (["s3cr3t"], True)])
def test_where_there_is_no_secret_logging_is_left_alone(
    secrets: list[str], masked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with masked_logging(make_masker(secrets)):
        logging.getLogger("cli.test").warning("a %s b", "s3cr3t")
    assert (caplog.records[0].args == ()) is masked
