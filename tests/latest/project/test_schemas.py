"""The JSON schemas of docs/schemas: whole, closed, and of what the code writes."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from types import NoneType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from azext_flexcompare.commands import HAND_WRITTEN, PLAIN
from azext_flexcompare.joblog import schema as required
from azext_flexcompare.joblog.file import VERSION as LOG_VERSION
from azext_flexcompare.scheduler.outcome import STATUSES
from azext_flexcompare.table.entries import operations
from tools import schemas
from tools.wheel import ROOT

TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", list: "array", dict: "object"}
ROW = {
    "instance": "web_1",
    "id": "/subscriptions/s/x",
    "resourceGroup": "rg",
    "scaleSet": "web",
    "zone": "1",
    "faultDomain": 0,
    "operation": "restart",
    "status": "Succeeded",
    "error": None,
    "reason": None,
    "batch": 1,
    "startedAt": "2026-01-01T00:00:00.000Z",
    "finishedAt": None,
    "durationSeconds": 1.5,
    "operationUrl": None,
}
STOPPED = {"record": "stopped", "at": "2026-01-01T00:00:00.000Z", "reason": "It is over."}


def schema(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((schemas.VERSION / f"{name}.json").read_text("utf-8"))
    return read


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a schema that lists members."""
    if isinstance(part, dict):
        if "properties" in part and "type" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from objects(one)


def record_of(kind: str) -> dict[str, Any]:
    """The members of a kind of record, with those that it takes from another schema."""
    common = schema("common")["$defs"]
    found = schema("record")["$defs"][kind]
    members: dict[str, Any] = {}
    for one in found.get("oneOf", [found]):
        for other in one.get("allOf", ()):
            members |= common[other["$ref"].rpartition("/")[2]]["properties"]
        members |= one["properties"]
    return members


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_one_of_the_draft_under_a_name_that_no_host_has(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema(name)["$id"] == f"urn:flexcompare:schema:v1:{name}"
    assert schema(name)["title"]


@pytest.mark.parametrize("name", sorted({*schemas.names()} - {schemas.COMMON, "show", "list-instance-public-ips"}))
def test_a_schema_refuses_members_that_it_does_not_know(name: str) -> None:
    parts = [one for one in objects(schema(name)) if "allOf" not in one or "unevaluatedProperties" in one]
    assert [one for one in parts if not {"additionalProperties", "unevaluatedProperties"} & {*one}] == []


def test_an_outcome_with_another_member_or_status_is_refused() -> None:
    assert schemas.problems("operation", [ROW]) == []
    for change in ({"surprise": 1}, {"status": "Fine"}, {"startedAt": "2026-01-01 00:00"}, {"id": None}):
        assert schemas.problems("operation", [{**ROW, **change}]) != []
    assert schemas.problems("operation", [{**ROW, "stdout": ""}]) != []
    assert schemas.problems("operation", [{key: ROW[key] for key in ROW if key != "reason"}]) != []


def test_a_record_with_another_member_or_kind_is_refused() -> None:
    assert schemas.problems("record", STOPPED) == []
    assert schemas.problems("record", {**STOPPED, "surprise": 1}) != []
    assert schemas.problems("record", {**STOPPED, "record": "surprise"}) != []
    assert schemas.problems_of_lines(f"{json.dumps(STOPPED)}\n{json.dumps({**STOPPED, 'at': 1})}\n")[0][:6] == "line 2"


def test_every_command_that_prints_has_a_schema_and_every_schema_a_use() -> None:
    every = {*PLAIN, *HAND_WRITTEN, *(one.name for one in operations())}
    assert {*schemas.commands()} == every - {*schemas.SILENT}
    used = {*schemas.commands().values(), schemas.RECORD_NAME, schemas.COMMON}
    assert used == {*schemas.names()}


def test_the_closed_lists_are_those_of_the_code() -> None:
    vocabulary = json.loads((ROOT / "azext_flexcompare/table/equivalence.schema.json").read_text("utf-8"))["$defs"]
    assert schema("common")["$defs"]["status"]["enum"] == [*STATUSES]
    by_api, by_command = (one["items"]["properties"] for one in schema("compare")["anyOf"])
    assert by_api["support"]["enum"] == vocabulary["support"]["enum"]
    assert by_command["onFlexible"]["enum"] == vocabulary["onFlexible"]["enum"]
    assert by_api["evidence"]["enum"] == by_command["evidence"]["enum"] == vocabulary["evidence"]["enum"]
    assert record_of("plan")["version"]["const"] == LOG_VERSION == 1


def kinds_written() -> dict[str, set[str]]:
    """The kinds of records that the code writes, with the members that it names where it does."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "azext_flexcompare").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "func", None) and ast.unparse(node.func)  # type: ignore[attr-defined]
            if name in ("record", "records.record") and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                members = found.setdefault(node.args[0].value, set())  # type: ignore[attr-defined]
                members |= {one.arg for one in node.keywords if one.arg}  # type: ignore[attr-defined]
    return found


def test_every_record_that_the_code_writes_is_known_with_its_members() -> None:
    kinds, found = {*schema("record")["properties"]["record"]["enum"]}, kinds_written()
    assert {*found, "drain", "undrain"} == kinds
    for kind, members in found.items():
        assert members <= {*record_of(kind)}, kind


def test_what_a_resumed_run_requires_of_a_record_is_required_by_the_schema() -> None:
    planned = schema("record")["$defs"]["plannedInstance"]["properties"]
    for kind, fields in (*required.RECORDS.items(), ("", required.INSTANCE)):
        members = record_of(kind) if kind else planned
        for name, types in fields.items():
            kinds = members[name].get("type", ())
            told = {*([kinds] if isinstance(kinds, str) else kinds)} - {"null"}
            allowed = {TYPES[one] for one in types if one is not NoneType}
            assert told <= allowed, (kind, name)


def test_the_example_of_the_page_checks_an_outcome() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", schemas.README.read_text("utf-8"), re.DOTALL)
    for rows, status in (([ROW], 0), ([{**ROW, "status": "Fine"}], 1)):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            input=json.dumps(rows),
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == status, done.stderr


def test_the_tool_says_where_a_file_does_not_follow(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([{**ROW, "surprise": 1}]))
    assert schemas.main("operation", str(file)) == 1
    assert "$[0]" in capsys.readouterr().out
    file.write_text(json.dumps([ROW]))
    assert schemas.main("operation", str(file)) == 0
