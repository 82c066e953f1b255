"""The file of a check, which is safe to publish: every value in it is masked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError
from jsonschema import Draft202012Validator

from tools.live.comparison import VERDICTS, Difference, Finding

ABOUT = "Findings of `make live-check`: claims of az vmss-flex about Azure, compared. docs/live-check.md explains it."
_FORMAT = 1
_TEXT = {"type": "string"}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["about", "format", "date", "azure", "azureCli", "operated", "findings"],
    "properties": {
        "about": {"const": ABOUT},
        "format": {"const": _FORMAT},
        "date": {**_TEXT, "pattern": "^20[0-9]{2}-[01][0-9]-[0-3][0-9]$"},
        "azure": {"type": "boolean"},
        "azureCli": {**_TEXT, "pattern": "^[0-9.]+$"},
        "operated": {"type": "boolean"},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "verdict", "why", "differences", "seen"],
                "properties": {
                    "id": {**_TEXT, "pattern": "^[a-z]+(-[a-z]+)*$"},
                    "verdict": {"enum": list(VERDICTS)},
                    "why": {"type": ["string", "null"]},
                    "differences": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["look", "claimed", "seen"],
                            "properties": {"look": _TEXT, "claimed": {}, "seen": {}},
                        },
                    },
                    "seen": {"type": "object"},
                },
            },
        },
    },
}


class Report(NamedTuple):
    """A check: its date, whether it was on Microsoft's cloud, the version of the CLI, and the findings."""

    date: str
    azure: bool
    cli: str
    operated: bool
    findings: Sequence[Finding]


def write(path: Path, report: Report) -> None:
    """Write the file of a check; raise FileOperationError if it cannot be written."""
    document = {
        "about": ABOUT,
        "format": _FORMAT,
        "date": report.date,
        "azure": report.azure,
        "azureCli": report.cli,
        "operated": report.operated,
        "findings": [
            {**one._asdict(), "differences": [difference._asdict() for difference in one.differences]}
            for one in report.findings
        ],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FileOperationError(f"{path} cannot be written: {error.strerror}.") from error


def read(path: Path) -> Report:
    """Read the file of a check; raise InvalidArgumentValueError for any other file."""
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgumentValueError(f"{path} cannot be read: {error}") from error
    wrong = next(iter(Draft202012Validator(_SCHEMA).iter_errors(document)), None)
    if wrong:
        raise InvalidArgumentValueError(
            f"{path} is not a file of `make live-check`: {wrong.json_path}: {wrong.message}"[:400],
            recommendation="Use the unchanged file that `make live-check` has written.",
        )
    findings = [
        Finding(**{**one, "differences": tuple(Difference(**difference) for difference in one["differences"])})
        for one in document["findings"]
    ]
    return Report(document["date"], document["azure"], document["azureCli"], document["operated"], findings=findings)
