"""The outputs of a script in a table: a line for all instances with the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from azext_flexcompare.output.cells import cut

OTHERS = 28  # columns of the number and the status, and the spaces between all

Row = Mapping[str, Any]


def grouped_outputs(rows: Iterable[Row], width: int) -> list[dict[str, str]]:
    """Return a line for each status and output, with names in what the output leaves of so many columns."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row["status"], _text(row)), []).append(row["instance"])
    longest = max((len(line) for _, text in groups for line in text.splitlines()), default=0)
    room = max(width // 3, width - OTHERS - longest)
    return [
        {
            "Instances": str(len(names)),
            "Status": status,
            "Named": cut(", ".join(names), room),
            "Output": text,
        }
        for (status, text), names in groups.items()
    ]


def _text(row: Row) -> str:
    parts = [part.strip("\n") for part in (row.get("stdout"), row.get("stderr")) if part and part.strip()]
    printed = "\n".join(parts) if row.get("stdout") is not None else row["output"]
    found: str = printed or (row["error"] or {}).get("code") or row["reason"] or ""
    return found.strip("\n").rstrip().expandtabs()
