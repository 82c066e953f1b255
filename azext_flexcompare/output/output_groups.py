"""The outputs of a script in a table: a line for all instances with the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from azext_flexcompare.output.cells import cut

Row = Mapping[str, Any]


def grouped_outputs(rows: Iterable[Row], width: int) -> list[dict[str, str]]:
    """Return a line for each status and output, with its lines, and with names in a third of so many columns."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row["status"], _text(row)), []).append(row["instance"])
    return [
        {
            "Instances": str(len(names)),
            "Status": status,
            "Named": cut(", ".join(names), width // 3),
            "Output": text,
        }
        for (status, text), names in groups.items()
    ]


def _text(row: Row) -> str:
    parts = [part.strip("\n") for part in (row.get("stdout"), row.get("stderr")) if part and part.strip()]
    printed = "\n".join(parts) if row.get("stdout") is not None else row["output"]
    found: str = printed or (row["error"] or {}).get("code") or row["reason"] or ""
    return found.strip("\n").rstrip().expandtabs()
