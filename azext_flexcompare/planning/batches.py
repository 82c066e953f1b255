"""In which batches does a run go through the chosen instances?

Pure: the same instances and options always give the same batches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, groupby, repeat
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance

FIGURES = 9  # of a percentage, behind the point
NUMBER = re.compile(r"[0-9]{1,9}")
PERCENTAGE = re.compile(rf"[0-9]{{1,3}}(\.[0-9]{{0,{FIGURES}}})?|\.[0-9]{{1,{FIGURES}}}")


class Amount(NamedTuple):
    """A number of instances, or a percentage of those there are."""

    number: Fraction
    percent: bool = False

    def of(self, total: int) -> Fraction:
        """Say how many of `total` that is, unrounded."""
        return self.number * total / 100 if self.percent else self.number

    def __str__(self) -> str:
        return f"{_decimal(self.number)}%" if self.percent else str(self.number)


def parse_amount(text: str) -> Amount:
    """Read `3` or `10%`; raises ValueError for anything else, and for more than all."""
    percent = text.endswith("%")
    figures = text.removesuffix("%").strip()
    if not (PERCENTAGE if percent else NUMBER).fullmatch(figures):
        raise ValueError(text)
    number = Fraction(figures)
    if percent and number > 100:
        raise ValueError(text)
    return Amount(number, percent)


def _decimal(number: Fraction) -> str:
    # As exactly as it was typed: a run that goes on must cut the same batches.
    whole, figures = divmod(int(number * 10**FIGURES), 10**FIGURES)
    return f"{whole}.{figures:0{FIGURES}}".rstrip("0").rstrip(".")


def parse_batch_size(text: str) -> Amount:
    """Read the size of a batch, which cannot be nothing."""
    found = parse_amount(text)
    if not found.number:
        raise ValueError(text)
    return found


class Domain(NamedTuple):
    """How instances are parted, so that no two parts are ever in operation together.

    `key` tells parts from each other, and sorts them; `name` is what they are called.
    """

    key: Callable[[Instance], tuple[Hashable, ...]]
    name: Callable[[Instance], str]


def _zone(instance: Instance) -> tuple[Hashable, ...]:
    # A zone's number means something within a region, and within a subscription.
    return instance.location.lower(), instance.subscription.lower(), instance.zone is None, instance.zone or ""


def _fault_domain(instance: Instance) -> tuple[Hashable, ...]:
    # A fault domain's number means something within its set; whoever's is not known might be in any, and goes alone.
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
    """Part instances by domains, and each part into batches of the sizes, of which the last repeats."""
    return [batch for part in _parted(instances, domains) for batch in _cut(part, sizes)]


def domain_of(batch: Sequence[Instance], domains: Sequence[str]) -> str:
    """Name the domain that a batch is in."""
    return ", ".join(DOMAINS[one].name(batch[0]) for one in domains)


def domain_key(instance: Instance, domains: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    """Tell by equality which instances are in the same domain."""
    return tuple(DOMAINS[one].key(instance) for one in domains)


def _parted(instances: Sequence[Instance], domains: Sequence[str]) -> list[list[Instance]]:
    def key(instance: Instance) -> tuple[tuple[Any, ...], ...]:
        return domain_key(instance, domains)

    return [list(part) for _, part in groupby(sorted(instances, key=key), key=key)]


def _cut(part: list[Instance], sizes: Sequence[Amount]) -> Iterator[list[Instance]]:
    wanted = chain(sizes[:-1], repeat(sizes[-1])) if sizes else repeat(Amount(Fraction(100), percent=True))
    at = 0
    for each in wanted:
        if at >= len(part):
            return
        until = at + max(1, int(each.of(len(part))))
        yield part[at:until]
        at = until
