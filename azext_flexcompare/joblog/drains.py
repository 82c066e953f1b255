"""The records of what a run takes out of the rotation of backend pools, and who is out by them.

A record is in the log before the write that it announces, so that a killed run has taken nobody out that its log does
not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.records import Record, record
from azext_flexcompare.joblog.values import read_objects, read_text

DRAIN, UNDRAIN = "drain", "undrain"
BEGUN, ENDED, DROPPED = "begun", "ended", "dropped"  # of a write; one that is dropped has changed nothing


class Drained(NamedTuple):
    """A backend address that a run took out of the rotation of its pool, and the state that it had before."""

    instance: ResourceId
    pool: str
    address: str
    before: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what identifies the address."""
        return self.pool.lower(), self.address.lower()


def drain_record(state: str, batch: int, drained: Sequence[Drained], kind: str = DRAIN) -> Record:
    """Return the record of a step of the write of one pool: that it begins, has ended, or has changed nothing."""
    addresses = [{"id": one.instance, "address": one.address, "before": one.before} for one in drained]
    return record(kind, state=state, batch=batch, pool=drained[0].pool, addresses=addresses)


def out_of_rotation(records: Iterable[Record]) -> list[Drained]:
    """List who is out of rotation by all records of a log, those of earlier plans included."""
    out: dict[tuple[str, str], Drained] = {}
    for one in records:
        if one["record"] == DRAIN:
            for each in _addresses(one):
                if one.get("state") == DROPPED:
                    out.pop(each.key, None)
                else:
                    out[each.key] = each
        elif one["record"] == UNDRAIN and one.get("state") == ENDED:
            for each in _addresses(one):
                out.pop(each.key, None)
    return list(out.values())


def _addresses(found: Record) -> list[Drained]:
    pool = read_text(found.get("pool"))
    found_ones = read_objects(found.get("addresses"))
    listed = [[read_text(one.get(key)) for key in ("id", "address", "before")] for one in found_ones]
    return [
        Drained(ResourceId(id_), pool, address, before)
        for id_, address, before in listed
        if pool and id_ and address and before
    ]
