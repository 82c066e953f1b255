"""Tables that fit the terminal: columns by JMESPath, of which those that do not fit are cut or left out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from azext_flexcompare.output.cells import RightAligned, fitted, natural_width, seconds_of, text_of

NO_TERMINAL, NARROWEST = 120, 60  # columns
GAP, HEADING = 2, 2  # spaces that the CLI puts between columns, and keeps free behind a heading
READABLE = 12  # characters to which a column may be cut; below them a column is left out
REASON = 20  # of the column that tells why
NUMBERS = (
    *("Applies", "BackendPort", "Bad", "Batch", "Count", "Done", "Exit", "Instances", "Of", "Port"),
    *("Review", "Rewritten", "Seconds"),
)
WHOLE = (*NUMBERS, "Job", "Status")  # never cut: a job is typed by its time
KEPT = ("Status", "Why")  # never left out
NAMES = ("Extension", "Group", "Instance", "Name", "Rule", "ScaleSet")
PLACES = {"ScaleSet": "scaleSet || virtualMachineScaleSet.id", "Group": "resourceGroup"}

Line = dict[str, str]
Row = Mapping[str, Any]


class Layout(NamedTuple):
    """The columns of a table, each a heading and a JMESPath expression, and those to leave out first."""

    columns: Mapping[str, str]
    spare: Sequence[str] = ()
    readable: int = READABLE
    placed: bool = True  # shows the scale set and the group where there are several

    def __call__(self, found: list[dict[str, Any]] | dict[str, Any]) -> list[Line]:
        """Format rows, or one, for this terminal."""
        rows = [found] if isinstance(found, dict) else found
        columns = self._with_places(rows)
        lines = [{heading: _cell(heading, _find(path, row)) for heading, path in columns.items()} for row in rows]
        return fit(lines, terminal_width(), self.spare, readable=self.readable)

    def _with_places(self, rows: Sequence[Row]) -> dict[str, str]:
        first, *others = self.columns.items()
        several = [
            (heading, path)
            for heading, path in PLACES.items()
            if self.placed and heading not in self.columns and len({str(_find(path, row)).lower() for row in rows}) > 1
        ]
        return dict([first, *several, *others])


def terminal_width() -> int:
    """Return the columns of the terminal, or those of a page where there is none."""
    return max(shutil.get_terminal_size((NO_TERMINAL, 0)).columns, NARROWEST)


def fit(
    lines: Sequence[Mapping[str, str]], width: int, spare: Iterable[str] = (), *, readable: int = READABLE
) -> list[Line]:
    """Format lines of texts as a table of so many columns, without columns that are empty in every line."""
    headings = list(dict.fromkeys(heading for line in lines for heading in line))
    columns = {heading: [line.get(heading, "") for line in lines] for heading in headings}
    columns = {heading: cells for heading, cells in columns.items() if any(cells)}
    for heading in (*spare, *(one for one in reversed(headings[1:]) if one not in KEPT)):
        if _total(_least(columns, readable)) <= width:
            break
        columns.pop(heading, None)
    widths = _shrink(_natural(columns), _least(columns, readable), width)
    made = {heading: _column(heading, cells, widths[heading]) for heading, cells in columns.items()}
    return [dict(zip(made, cells, strict=True)) for cells in zip(*made.values(), strict=True)]


def _cell(heading: str, value: object) -> str:
    if heading == "Seconds":
        return seconds_of(value)  # type: ignore[arg-type]
    text = text_of(value)
    return text.rpartition("/")[2] if heading == "ScaleSet" else text


def _find(path: str, row: Row) -> object:
    return _compiled(path)(row)


@cache
def _compiled(path: str) -> Callable[[Row], object]:
    if path.isalpha():
        return lambda row: row.get(path)  # a tenth of the time of a search, of which there are many
    import jmespath

    return jmespath.compile(path).search  # type: ignore[no-any-return]


def _natural(columns: Mapping[str, list[str]]) -> dict[str, int]:
    return {
        heading: natural_width(_lines(cells), len(heading) + HEADING) if cells else len(heading) + HEADING
        for heading, cells in columns.items()
    }


def _lines(cells: list[str]) -> list[str]:
    return [line for cell in cells for line in cell.splitlines() or [""]]


def _least(columns: Mapping[str, list[str]], readable: int) -> dict[str, int]:
    natural = _natural(columns)
    return {
        heading: widest
        if heading in WHOLE
        else min(widest, max(len(heading) + HEADING, REASON if heading == "Why" else readable))
        for heading, widest in natural.items()
    }


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _shrink(widths: dict[str, int], least: Mapping[str, int], width: int) -> dict[str, int]:
    found = {heading: min(widest, max(width, least[heading])) for heading, widest in widths.items()}
    while _total(found) > width and (wide := [heading for heading in found if found[heading] > least[heading]]):
        found[max(wide, key=found.__getitem__)] -= 1
    return found


def _column(heading: str, cells: list[str], width: int) -> list[str]:
    if heading in NUMBERS:
        widest = max(len(heading), *map(len, cells))
        return [RightAligned(cell.rjust(widest)) for cell in cells]
    lines = iter(fitted(_lines(cells), len(heading) + HEADING, width, middle=heading in NAMES))
    return ["\n".join(islice(lines, max(1, len(cell.splitlines())))) for cell in cells]
