"""A map of instances in text: zones by fault domains, with a character for the state of each instance."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap

from azext_flexcompare.instances import Instance, ScaleSet, by_set
from azext_flexcompare.output.standard_streams import write_output
from azext_flexcompare.times import count

SIGNS = {  # by power state, in the order of the legend
    "running": ".",
    "starting": "+",
    "stopping": "s",
    "stopped": "S",
    "deallocating": "d",
    "deallocated": "D",
    "hibernated": "H",
}
FAILED, UNKNOWN = "failed", "unknown"
MARKS = {FAILED: "!", **SIGNS, UNKNOWN: "?"}
LABEL = 9  # characters for the name of a zone, "no zone" among them
GAP = "  "
NARROWEST = 12  # characters of a cell; fault domains for which there is no room beside the others go below them


def print_maps(instances: Iterable[Instance]) -> None:
    """Print a map of each scale set, as wide as the terminal."""
    write_output(draw_maps(instances, shutil.get_terminal_size((80, 24)).columns))


def draw_maps(instances: Iterable[Instance], width: int) -> str:
    """Return a map of each scale set and one legend."""
    shown = list(instances)
    maps = [_map(scale_set, members, width) for scale_set, members in by_set(shown).items()]
    states = Counter(_state(instance) for instance in shown)
    return "\n\n".join([*maps, _legend(states, width)]) + "\n"


def _map(scale_set: ScaleSet, members: Sequence[Instance], width: int) -> str:
    zones = sorted({one.zone for one in members}, key=_by_number)
    domains = sorted({one.fault_domain for one in members}, key=_by_number)
    across = max(1, min(len(domains), (width - LABEL + len(GAP)) // (NARROWEST + len(GAP))))
    largest = max(Counter((one.zone, one.fault_domain) for one in members).values())
    room = min((width - LABEL + len(GAP)) // across - len(GAP), len(f"{largest} ") + largest)
    room = max(NARROWEST, room)
    lines = [f"{scale_set.name} in {scale_set.resource_group}: {count(len(members), 'instance')}"]
    for first in range(0, len(domains), across):
        band = domains[first : first + across]
        lines.append(_line("", ["no FD" if domain is None else f"FD {domain}" for domain in band], room))
        for zone in zones:
            there = [[one for one in members if (one.zone, one.fault_domain) == (zone, domain)] for domain in band]
            rows = zip_longest(*(_cell(cell, room) for cell in there), fillvalue="")
            labels = ["no zone" if zone is None else f"zone {zone}"]
            lines += [_line(label, row, room) for row, label in zip_longest(rows, labels, fillvalue="")]
    return "\n".join(lines)


def _cell(members: Sequence[Instance], room: int) -> list[str]:
    if not members:
        return ["-"]
    prefix = f"{len(members)} "
    signs = "".join(MARKS[_state(instance)] for instance in members)
    return wrap(signs, room, initial_indent=prefix, subsequent_indent=" " * len(prefix))


def _legend(states: Counter[str], width: int) -> str:
    entries = [f"{sign}\xa0{state}\xa0({states[state]})" for state, sign in MARKS.items() if states[state]]
    return "\n".join(wrap(GAP.join(entries), width)).replace("\xa0", " ")


def _line(label: str, cells: Iterable[str], room: int) -> str:
    return (label.ljust(LABEL) + GAP.join(cell.ljust(room) for cell in cells)).rstrip()


def _state(instance: Instance) -> str:
    if instance.provisioning_state == "Failed":
        return FAILED
    return instance.power_state if instance.power_state in SIGNS else UNKNOWN


def _by_number(place: str | int | None) -> tuple[bool, int, str]:
    text = "" if place is None else str(place)
    return place is None, int(text) if text.isdigit() else 0, text
