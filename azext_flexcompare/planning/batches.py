"""The batches of a run.

Pure: the same instances and options always give the same batches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, groupby, repeat
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance

FIGURES = 9  # decimal places of a percentage
NUMBER = re.compile(r"[0-9]{1,9}")
PERCENTAGE = re.compile(rf"[0-9]{{1,3}}(\.[0-9]{{0,{FIGURES}}})?|\.[0-9]{{1,{FIGURES}}}")


class Amount(NamedTuple):
    """A number of instances, or a percentage of all."""

    number: Fraction
    percent: bool = False

    def of(self, total: int) -> Fraction:
        """Return how many of `total` that is, not rounded."""
        return self.number * total / 100 if self.percent else self.number

    def __str__(self) -> str:
        return f"{_decimal(self.number)}%" if self.percent else str(self.number)


def parse_amount(text: str) -> Amount:
    """Parse `3` or `10%`; raises ValueError for anything else, and for more than 100 %."""
    percent = text.endswith("%")
    figures = text.removesuffix("%").strip()
    if not (PERCENTAGE if percent else NUMBER).fullmatch(figures):
        raise ValueError(text)
    number = Fraction(figures)
    if percent and number > 100:
        raise ValueError(text)
    return Amount(number, percent)


def _decimal(number: Fraction) -> str:
    # Exactly as it was typed: a resumed run must have the same batches.
    whole, figures = divmod(int(number * 10**FIGURES), 10**FIGURES)
    return f"{whole}.{figures:0{FIGURES}}".rstrip("0").rstrip(".")


def parse_batch_size(text: str) -> Amount:
    """Parse the size of a batch; raises ValueError for zero as well."""
    found = parse_amount(text)
    if not found.number:
        raise ValueError(text)
    return found


class Domain(NamedTuple):
    """A kind of domain: two domains are never in operation at once.

    `key` identifies and sorts domains; `name` is how they are shown.
    """

    key: Callable[[Instance], tuple[Hashable, ...]]
    name: Callable[[Instance], str]


def _zone(instance: Instance) -> tuple[Hashable, ...]:
    # The number of a zone is unique within a region and a subscription.
    return instance.location.lower(), instance.subscription.lower(), instance.zone is None, instance.zone or ""


def _fault_domain(instance: Instance) -> tuple[Hashable, ...]:
    # The number of a fault domain is unique within its set. An instance without one might be in any, so it is a domain.
    unknown = instance.fault_domain is None
    return instance.scale_set.id.lower(), unknown, instance.fault_domain or 0, instance.id.lower() if unknown else ""


DOMAINS = {
    "zone": Domain(_zone, lambda instance: f"zone {instance.zone}" if instance.zone else "no zone"),
    "fault-domain": Domain(
        _fault_domain,
        lambda instance: "unknown fault domain" if instance.fault_domain is None else f"FD {instance.fault_domain}",
    ),
}


def batches_of(
    instances: Sequence[Instance], sizes: Sequence[Amount] = (), domains: Sequence[str] = ()
) -> list[list[Instance]]:
    """Return the instances by domain, each domain cut into batches of the sizes, of which the last repeats."""
    return [batch for group in _by_domain(instances, domains) for batch in _cut(group, sizes)]


def domain_of(batch: Sequence[Instance], domains: Sequence[str]) -> str:
    """Return the name of the domain that a batch is in."""
    return ", ".join(DOMAINS[one].name(batch[0]) for one in domains)


def domain_key(instance: Instance, domains: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    """Return a key that is equal for instances of the same domain."""
    return tuple(DOMAINS[one].key(instance) for one in domains)


def _by_domain(instances: Sequence[Instance], domains: Sequence[str]) -> list[list[Instance]]:
    def key(instance: Instance) -> tuple[tuple[Any, ...], ...]:
        return domain_key(instance, domains)

    return [list(group) for _, group in groupby(sorted(instances, key=key), key=key)]


def _cut(group: list[Instance], sizes: Sequence[Amount]) -> Iterator[list[Instance]]:
    endless = chain(sizes[:-1], repeat(sizes[-1])) if sizes else repeat(Amount(Fraction(100), percent=True))
    start = 0
    for size in endless:
        if start >= len(group):
            return
        end = start + max(1, int(size.of(len(group))))
        yield group[start:end]
        start = end
