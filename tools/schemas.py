"""The JSON schemas of docs/schemas: which command prints what, and what does not follow its schema.

`python -m tools.schemas NAME FILE` checks a JSON document against a schema, and each line of a file against `record`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from azext_flexcompare.commands import HAND_WRITTEN, PLAIN
from azext_flexcompare.planning.run_options import LOGGED, RunOption
from azext_flexcompare.table.entries import operations

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"
VERSION = FOLDER / "v1"
README, INDEX, RECORD = FOLDER / "README.md", VERSION / "index.json", VERSION / "record.json"
GENERATED = (INDEX, RECORD)
OPERATION, RECORD_NAME, COMMON = "operation", "record", "common"
SHARED = {  # commands that print what another one prints
    "nic list-vm-nics": "nic-list",
    "run-command create": "run-command",
    "run-command wait": "run-command",
    "undrain": "drain",
}
SILENT = ("job delete",)  # commands that print nothing
TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", list: "array", NoneType: "null"}


def names() -> list[str]:
    """List the names of the schemas."""
    return sorted(path.stem for path in VERSION.glob("*.json") if path != INDEX)


def commands() -> dict[str, str]:
    """Return the name of the schema of what each command prints, by the name of the command."""
    operate = {one.name for one in operations()}
    every = sorted({*HAND_WRITTEN, *PLAIN, *operate} - {*SILENT})
    return {one: _schema_of(one, is_operation=one in operate) for one in every}


def problems(name: str, document: Any) -> list[str]:
    """List where a document does not follow a schema, and why."""
    found = sorted(_validator(name).iter_errors(document), key=lambda error: error.json_path)
    return [f"{error.json_path}: {error.message[:500]}" for error in found]


def problems_of_lines(text: str) -> list[str]:
    """List where the lines of a job log or of --events do not follow the schema of a record."""
    lines = enumerate(text.splitlines(), 1)
    return [f"line {number} {one}" for number, line in lines for one in problems(RECORD_NAME, json.loads(line))]


def content_of(path: Path) -> str:
    """Return what a generated file should contain."""
    found = _index() if path == INDEX else _record()
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def table_rows() -> Iterator[tuple[str, str]]:
    """List each schema with what follows it, for the page."""
    by_schema: dict[str, list[str]] = {}
    for command, name in commands().items():
        by_schema.setdefault(name, []).append(f"`{command}`")
    by_schema[RECORD_NAME] = ["each line of a job log and of `--events`"]
    by_schema[COMMON] = ["nothing by itself; others refer to its parts"]
    for name in names():
        yield f"[{name}](v1/{name}.json)", ", ".join(by_schema[name])


def _schema_of(command: str, *, is_operation: bool) -> str:
    own = SHARED.get(command) or command.replace(" ", "-")
    return OPERATION if is_operation and own not in names() else own


def _index() -> dict[str, Any]:
    return {"version": 1, "records": f"{RECORD_NAME}.json", "commands": {k: f"{v}.json" for k, v in commands().items()}}


def _record() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(RECORD.read_text("utf-8"))
    schema["$defs"]["plan"]["properties"]["how"]["properties"] = {one.log_name: _kept(one) for one in LOGGED}
    return schema


def _kept(option: RunOption) -> dict[str, Any]:
    types = [TYPES[one] for one in dict.fromkeys((*option.logged, *option.earlier))]
    return {"type": types[0] if len(types) == 1 else types}


@lru_cache(maxsize=1)
def _schemas() -> dict[str, Any]:
    return {name: json.loads((VERSION / f"{name}.json").read_text("utf-8")) for name in names()}


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    resources = [(one["$id"], Resource.from_contents(one)) for one in _schemas().values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator(_schemas()[name], registry=registry)


def main(name: str, file: str) -> int:
    """Print where a file does not follow a schema; return 1 if it does not."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    found = problems_of_lines(text) if name == RECORD_NAME else problems(name, json.loads(text))
    for one in found:
        print(one)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
