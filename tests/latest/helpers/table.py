"""The table of equivalences and its schema, as files."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from tests.latest.helpers.az import ROOT

PACKAGE = ROOT / "azext_flexcompare" / "table"
TABLE: dict[str, Any] = json.loads((PACKAGE / "equivalence.json").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((PACKAGE / "equivalence.schema.json").read_text(encoding="utf-8"))


def errors_of(table: dict[str, Any]) -> list[str]:
    errors = Draft202012Validator(SCHEMA).iter_errors(table)
    return [f"{error.json_path}: {error.message}" for error in errors]
