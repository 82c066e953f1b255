"""How are numbers, moments and places of a run put into words?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from azext_flexcompare.html_report.model import WORDS, Part, Run

MINUTE = 60


def counted(parts: Sequence[Part]) -> str:
    """Count instances by status: `9 Succeeded, 1 Failed`."""
    found = Counter(part.status for part in parts)
    known = [word for word in WORDS if word in found]
    return ", ".join(f"{found[word]} {word}" for word in (*known, *sorted(found.keys() - {*known})))


def many(number: int, what: str) -> str:
    """Count things: `1 batch`, `3 batches`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}{'es' if what.endswith('ch') else 's'}"


def times(number: int) -> str:
    """Say how often."""
    return "once" if number == 1 else f"{number} times"


def clock(moment: datetime) -> str:
    """Write the time of a moment."""
    return moment.strftime("%H:%M:%S")


def day(moment: datetime) -> str:
    """Write the date of a moment."""
    return moment.date().isoformat()


def seconds_of(seconds: float | None) -> str:
    """Write seconds, of which there may be none."""
    return "" if seconds is None else f"{seconds:.1f}"


def lasted(seconds: float) -> str:
    """Write how long something lasted."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def place_of(scale_set: str) -> str:
    """Name a scale set and its resource group."""
    words = scale_set.strip("/").split("/")
    return f"{words[-1]} (resource group {words[3]})" if len(words) > 4 else scale_set


def typed(run: Run) -> list[str]:
    """Write the options of a run as they are typed."""
    given = {**run.options, **{f"--{_dashed(name)}": value for name, value in run.how.items()}}
    return [_option(name, value) for name, value in given.items() if value]


def throttled(run: Run) -> str:
    """Say how often a run was throttled, and how long it was to wait; nothing where it never was."""
    hit = sum(bool(part.throttles) for part in run.parts)
    waits = [one.seconds for one in run.throttles if one.seconds is not None]
    longest = f", to wait up to {seconds_of(max(waits))} s" if waits else ""
    return f"{times(len(run.throttles))}, {many(hit, 'instance')}{longest}" if hit else ""


def zone_name(part: Part, run: Run) -> str:
    """Name the zone of an instance, with the scale set where the run has several."""
    zone = f"one {part.zone}" if part.zone else None
    if len(run.scale_sets) <= 1:
        return f"Z{zone}" if zone else "No zone"
    return f"{part.scale_set} in {part.resource_group}, {f'z{zone}' if zone else 'no zone'}"


def domain_name(part: Part) -> str:
    """Name the fault domain of an instance."""
    return f"Fault domain {part.fault_domain}" if part.fault_domain else "No fault domain"


def grouped(parts: Iterable[Part], key: Callable[[Part], Any]) -> list[list[Part]]:
    """Part instances, sorted by place, into groups of one place."""
    return [list(found) for _, found in groupby(parts, key=key)]


def zone_of(part: Part) -> tuple[str | None, ...]:
    """Say in which set and zone an instance is."""
    return part.scale_set, part.resource_group, part.zone


def domain_of(part: Part) -> tuple[str | None, ...]:
    """Say in which fault domain of which set and zone an instance is."""
    return *zone_of(part), part.fault_domain


def _option(name: str, value: object) -> str:
    values = [] if value is True else value if isinstance(value, list) else [value]
    return " ".join([name, *(one if isinstance(one, str) else json.dumps(one) for one in values)])


def _dashed(name: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name)
