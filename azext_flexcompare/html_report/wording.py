"""Texts of the report page: counts, times, durations, names of places and the options of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from azext_flexcompare.html_report.model import STATUSES, InstanceRun, Run
from azext_flexcompare.times import count

# Of options that a log has without being given.
DEFAULTS = {"timeout": 7200, "healthTimeout": 600, "hookTimeout": 600, "engine": "vm"}


def format_statuses(instances: Sequence[InstanceRun]) -> str:
    """Format the number of instances of each status: `9 Succeeded, 1 Failed`."""
    found = Counter(one.status for one in instances)
    known = [status for status in STATUSES if status in found]
    return ", ".join(f"{found[status]} {status}" for status in (*known, *sorted(found.keys() - {*known})))


def format_times(number: int) -> str:
    """Format how often something happened: `once`, `2 times`."""
    return "once" if number == 1 else f"{number} times"


def format_time(time: datetime) -> str:
    """Format the time of day."""
    return time.strftime("%H:%M:%S")


def format_moment(time: datetime) -> str:
    """Format date and time of day."""
    return f"{time.date().isoformat()} {format_time(time)}"


def format_seconds(seconds: float | None) -> str:
    """Format a number of seconds, or nothing for None."""
    return "" if seconds is None else f"{seconds:.1f}"


def format_scale_set(id_: str) -> str:
    """Format the name and the resource group of a scale set."""
    words = id_.strip("/").split("/")
    return f"{words[-1]} (resource group {words[3]})" if len(words) > 4 else id_


def format_options(run: Run) -> list[str]:
    """Format the options of a run as on the command line, without those that were not given."""
    given = {name: value for name, value in run.run_options.items() if value != DEFAULTS.get(name)}
    options = {**run.options, **{f"--{_dashed(name)}": value for name, value in given.items()}}
    return [_format_option(name, value) for name, value in options.items() if value]


def format_throttling(run: Run) -> str:
    """Format how often a run was throttled and the longest wait that was asked for, or nothing if it was not."""
    instances = sum(bool(one.throttles) for one in run.instances)
    waits = [one.seconds for one in run.throttles if one.seconds is not None]
    longest = f", retry after up to {format_seconds(max(waits))} s" if waits else ""
    return f"{format_times(len(run.throttles))}, {count(instances, 'instance')}{longest}" if instances else ""


def zone_name(instance: InstanceRun, run: Run) -> str:
    """Return the name of the zone of an instance, with the scale set if the run has several."""
    zone = f"one {instance.zone}" if instance.zone else None
    if len(run.scale_sets) <= 1:
        return f"Z{zone}" if zone else "No zone"
    return f"{instance.scale_set} in {instance.resource_group}, {f'z{zone}' if zone else 'no zone'}"


def domain_name(instance: InstanceRun) -> str:
    """Return the name of the fault domain of an instance."""
    return f"Fault domain {instance.fault_domain}" if instance.fault_domain else "No fault domain"


def group_by(instances: Iterable[InstanceRun], key: Callable[[InstanceRun], Any]) -> list[list[InstanceRun]]:
    """Group instances that are sorted by a key."""
    return [list(found) for _, found in groupby(instances, key=key)]


def zone_key(instance: InstanceRun) -> tuple[str | None, ...]:
    """Return what identifies the zone of an instance."""
    return instance.scale_set, instance.resource_group, instance.zone


def domain_key(instance: InstanceRun) -> tuple[str | None, ...]:
    """Return what identifies the fault domain of an instance."""
    return *zone_key(instance), instance.fault_domain


def _format_option(name: str, value: object) -> str:
    values = [] if value is True else value if isinstance(value, list) else [value]
    return " ".join([name, *(one if isinstance(one, str) else json.dumps(one) for one in values)])


def _dashed(name: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name)
