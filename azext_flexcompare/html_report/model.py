"""What does a job log say of a run, as data?

The log may come from anywhere: whatever has not the type that it should have counts as missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from azure.cli.core.azclierror import ValidationError

from azext_flexcompare.output.messages import without_name
from azext_flexcompare.scheduler.outcome import Error, Status

UNFINISHED = "Unfinished"  # sent its call, and the log ends before its outcome
WAITING = "Waiting"  # the log ends before anything is said of it
WORDS = (*(word for name, word in vars(Status).items() if name.isupper()), UNFINISHED, WAITING)
LONGEST = 1e9  # seconds; nothing that lasts longer is believed

Record = Mapping[str, Any]


class Throttle(NamedTuple):
    """A moment at which the service refused a request, and for how many seconds, if it said so."""

    at: datetime
    seconds: float | None


class Part(NamedTuple):
    """What one instance had to do with a run; moments are UTC."""

    id: str
    name: str
    scale_set: str
    resource_group: str
    zone: str | None
    fault_domain: str | None
    batch: int | None
    status: str
    error: Error | None
    reason: str | None
    sent: datetime | None
    accepted: datetime | None
    ended: datetime | None
    seconds: float | None
    throttles: tuple[Throttle, ...]


class Unhealthy(NamedTuple):
    """An instance that a health gate found unhealthy, and why."""

    name: str
    reason: str


class Batch(NamedTuple):
    """A batch that began; `unhealthy` is None where no health was asked for."""

    number: int
    began: datetime
    unhealthy: tuple[Unhealthy, ...] | None


class Run(NamedTuple):
    """The last run that a log tells of.

    `pauses` are the spans between its being left and being resumed; `exit` is None where the log was cut, `earlier`
    says how many runs came before, `elsewhere` how many instances only those had.
    """

    operation: str
    scale_sets: tuple[str, ...]
    options: dict[str, Any]
    how: dict[str, Any]
    began: datetime
    seen: datetime
    parts: tuple[Part, ...]
    batches: tuple[Batch, ...]
    pauses: tuple[tuple[datetime, datetime], ...]
    stopped: str | None
    exit: int | None
    earlier: int
    elsewhere: int

    @property
    def statuses(self) -> dict[str, int]:
        """Count the instances of each status, in the order of the words."""
        found = Counter(part.status for part in self.parts)
        return {word: found[word] for word in (*WORDS, *sorted(found.keys() - {*WORDS})) if found[word]}

    @property
    def throttles(self) -> list[Throttle]:
        """List every refusal for too many requests."""
        return sorted(throttle for part in self.parts for throttle in part.throttles)


def run_of(records: Iterable[Record], file: str) -> Run:
    """Read the last run in the records of a job log; raises ValidationError where there is none."""
    timed = [record for record in records if isinstance(record, dict) and moment(record.get("at"))]
    plans = [index for index, record in enumerate(timed) if record.get("record") == "plan"]
    if not plans:
        raise ValidationError(
            f"{file} tells of no run: there is no plan in it.",
            recommendation="Give a file that an operation of `az vmss-flex` has written with --job-log.",
        )
    before, plan, after = timed[: plans[-1]], timed[plans[-1]], timed[plans[-1] + 1 :]
    parts = _parts(plan, _by_id(after))
    names = {_key(one): text(one.get("instance")) or _key(one) for one in dicts(plan.get("instances"))}
    moments = [_at(plan), *(_at(record) for record in after), *(part.ended for part in parts if part.ended)]
    return Run(
        operation=text(plan.get("operation")) or "unknown operation",
        scale_sets=tuple(filter(None, map(text, items(plan.get("scaleSets"))))),
        options=mapping(plan.get("options")),
        how=mapping(plan.get("how")),
        began=_at(plan),
        seen=max(moments),
        parts=tuple(parts),
        batches=tuple(_batches(after, names)),
        pauses=tuple(_pauses([plan, *after])),
        stopped=next(
            (text(one.get("reason")) or "" for one in reversed(after) if one.get("record") == "stopped"), None
        ),
        exit=_exit(after),
        earlier=len(plans) - 1,
        elsewhere=len(_planned(before) - {part.id for part in parts}),
    )


def folded(parts: Iterable[Part]) -> dict[tuple[str, Error], list[Part]]:
    """Bring together those that ended alike for the same reason: by status and what was said."""
    groups: dict[tuple[str, Error], list[Part]] = {}
    for part in parts:
        said = without_name(part.error or Error("", part.reason or ""), part.name)
        if any(said):
            groups.setdefault((part.status, said), []).append(part)
    return groups


def moment(value: Any) -> datetime | None:
    """Read a moment of the log."""
    try:
        found = datetime.fromisoformat(re.sub("Z$", "+00:00", value))
        return found.astimezone(timezone.utc) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def number(value: Any) -> float | None:
    """Read a number of seconds."""
    believed = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LONGEST
    return float(value) if believed else None


def text(value: Any) -> str | None:
    """Read a text, or a number as one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) if isinstance(value, str) or abs(value) <= LONGEST else None


def items(value: Any) -> Sequence[Any]:
    """Read a list."""
    return value if isinstance(value, list) else ()


def dicts(value: Any) -> list[dict[str, Any]]:
    """Read a list of objects."""
    return [one for one in items(value) if isinstance(one, dict)]


def mapping(value: Any) -> dict[str, Any]:
    """Read an object."""
    return value if isinstance(value, dict) else {}


def _at(record: Record) -> datetime:
    at = moment(record["at"])
    assert at  # noqa: S101  (records without a moment have been left out)
    return at


def _key(record: Record) -> str:
    return (text(record.get("id")) or "").lower()


def _by_id(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(_key(record), []).append(record)
    return found


def _planned(records: Iterable[Record]) -> set[str]:
    plans = (record for record in records if record.get("record") == "plan")
    return {_key(one) for plan in plans for one in dicts(plan.get("instances"))}


def _parts(plan: Record, said: Mapping[str, list[Record]]) -> list[Part]:
    planned = {_key(one): one for one in dicts(plan.get("instances"))}
    return sorted((_part(one, said.get(key, [])) for key, one in planned.items()), key=_order)


def _part(planned: Record, said: list[Record]) -> Part:
    outcome = next((one for one in reversed(said) if one.get("record") == "outcome"), {})
    sent, accepted = _first("intent", said), _first("accepted", said)
    error = mapping(outcome.get("error"))
    batch = number(planned.get("batch"))
    return Part(
        id=_key(planned),
        name=text(planned.get("instance")) or text(planned.get("id")) or "unnamed",
        scale_set=text(planned.get("scaleSet")) or "unknown",
        resource_group=text(planned.get("resourceGroup")) or "unknown",
        zone=text(planned.get("zone")),
        fault_domain=text(planned.get("faultDomain")),
        batch=None if batch is None else int(batch),
        status=text(outcome.get("status")) or (UNFINISHED if sent or accepted else WAITING),
        error=Error(text(error.get("code")) or "", text(error.get("message")) or "") if error else None,
        reason=text(outcome.get("reason")),
        sent=sent or moment(outcome.get("startedAt")),
        accepted=accepted,
        ended=moment(outcome.get("finishedAt")),
        seconds=number(outcome.get("durationSeconds")),
        throttles=tuple(
            Throttle(_at(one), number(one.get("seconds"))) for one in said if one.get("record") == "throttled"
        ),
    )


def _first(kind: str, said: Iterable[Record]) -> datetime | None:
    return next((_at(one) for one in said if one.get("record") == kind), None)


def _order(part: Part) -> tuple[Any, ...]:
    places = tuple(_natural(one) for one in (part.scale_set, part.resource_group, part.zone, part.fault_domain))
    last = part.batch is None, part.batch or 0, part.sent is None, part.sent.timestamp() if part.sent else 0
    return (*places, *last, part.name)


def _natural(place: str | None) -> tuple[bool, int, str]:
    return place is None, int(place) if place and place.isdecimal() and place.isascii() else 0, place or ""


def _batches(records: Iterable[Record], names: Mapping[str, str]) -> Iterable[Batch]:
    found: dict[int, Batch] = {}
    for record in records:
        batch = number(record.get("batch"))
        if batch is None or record.get("record") not in ("batch", "health"):
            continue
        known = found.setdefault(int(batch), Batch(int(batch), _at(record), None))
        if record["record"] == "health":
            unhealthy = tuple(
                Unhealthy(names.get(_key(one)) or text(one.get("id")) or "unnamed", text(one.get("reason")) or "")
                for one in dicts(record.get("unhealthy"))
            )
            found[known.number] = known._replace(unhealthy=unhealthy)
    return found.values()


def _pauses(records: Iterable[Record]) -> Iterable[tuple[datetime, datetime]]:
    latest: datetime | None = None
    for record in records:
        at = _at(record)
        if latest and record.get("record") == "resumed" and at > latest + timedelta(seconds=1):
            yield latest, at
        latest = max(latest or at, at)


def _exit(records: Sequence[Record]) -> int | None:
    over = records and records[-1].get("record") == "end"
    status = number(records[-1].get("exit")) if over else None
    return None if status is None else int(status)
