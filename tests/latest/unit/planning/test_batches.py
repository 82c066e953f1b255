"""Batches: each instance in exactly one, and never two domains in one."""

from __future__ import annotations

import contextlib
import math
import re
from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.planning.batches import (
    DOMAINS,
    Amount,
    batches_of,
    domain_key,
    domain_of,
    parse_amount,
    parse_batch_size,
    separating,
)
from tests.latest.helpers.factories import DB, WEB, instance

numbers = st.integers(1, 12).map(lambda number: Amount(Fraction(number)))
percentages = st.fractions(Fraction(1, 10), 100).map(lambda number: Amount(number, percent=True))
sizes = st.lists(numbers | percentages, max_size=4)
domains = st.lists(st.sampled_from(sorted(DOMAINS)), unique=True, max_size=2)
places = st.lists(
    st.tuples(
        st.sampled_from([WEB, DB]),
        st.sampled_from(["1", "2", "3", None]),
        st.sampled_from([0, 1, 2, None]),
        st.sampled_from(["westeurope", "WestEurope", "northeurope"]),
    ),
    max_size=40,
)

Places = list[tuple[ScaleSet, str | None, int | None, str]]


def spread(found: Places) -> list[Instance]:
    return [
        instance(f"vm{number}", scale_set=scale_set, zone=zone, fault_domain=fault_domain)._replace(location=location)
        for number, (scale_set, zone, fault_domain, location) in enumerate(found)
    ]


def placed(**place: object) -> list[Instance]:
    """Ten instances of a place."""
    return [instance(f"vm{number}", **place) for number in range(10)]


@given(places, sizes, domains)
def test_every_instance_is_in_exactly_one_batch(found: Places, each: list[Amount], by: list[str]) -> None:
    instances = spread(found)
    batches = batches_of(instances, each, by)
    assert sorted(one.id for one in chain(*batches)) == sorted(one.id for one in instances)
    assert all(batches)


@given(places, sizes, domains)
def test_within_a_domain_the_order_is_kept(found: Places, each: list[Amount], by: list[str]) -> None:
    instances = spread(found)
    flat = list(chain(*batches_of(instances, each, by)))
    for key in {domain_key(one, by) for one in instances}:
        assert [one for one in flat if domain_key(one, by) == key] == [
            one for one in instances if domain_key(one, by) == key
        ]


@given(places, sizes, domains)
def test_no_batch_has_two_domains_and_no_domain_is_returned_to(
    found: Places, each: list[Amount], by: list[str]
) -> None:
    batches = batches_of(spread(found), each, by)
    passed: list[object] = []
    for batch in batches:
        (key,) = {domain_key(one, by) for one in batch}
        assert key not in passed[:-1]
        passed += [key] if passed[-1:] != [key] else []


@given(st.integers(1, 60), sizes.filter(bool))
def test_the_sizes_are_as_asked_and_the_last_repeats(number: int, each: list[Amount]) -> None:
    found = [len(batch) for batch in batches_of([instance(f"vm{one}") for one in range(number)], each)]
    for place, length in enumerate(found[:-1]):
        wanted = each[min(place, len(each) - 1)]
        exact = wanted.number * number / 100 if wanted.percent else wanted.number
        assert length == max(1, math.floor(exact))
    assert sum(found) == number


@pytest.mark.parametrize(
    ("number", "asked", "found"),
    [
        (10, [], [10]),
        (10, ["1", "10%", "100%"], [1, 1, 8]),
        (40, ["1", "10%", "100%"], [1, 4, 35]),
        (10, ["3"], [3, 3, 3, 1]),
        (10, ["25%"], [2, 2, 2, 2, 2]),
        (3, ["1%"], [1, 1, 1]),
        (1000, ["0.1%", "50%"], [1, 500, 499]),
        (5, ["7"], [5]),
        (0, ["1"], []),
    ],
)
def test_sizes_by_example(number: int, asked: list[str], found: list[int]) -> None:
    instances = [instance(f"vm{one}") for one in range(number)]
    assert [len(batch) for batch in batches_of(instances, [parse_batch_size(one) for one in asked])] == found


def test_a_percentage_is_one_of_the_domain_and_each_domain_begins_with_the_first_size() -> None:
    instances = [*placed(zone="2"), *placed(zone="1")[:4]]
    batches = batches_of(instances, [parse_batch_size("1"), parse_batch_size("50%")], ["zone"])
    assert [(domain_of(batch, ["zone"]), len(batch)) for batch in batches] == [
        ("zone 1", 1),
        ("zone 1", 2),
        ("zone 1", 1),
        ("zone 2", 1),
        ("zone 2", 5),
        ("zone 2", 4),
    ]


def test_an_instance_without_a_zone_comes_after_the_zones() -> None:
    batches = batches_of([instance("a", zone=None), instance("b", zone="1")], [], ["zone"])
    assert [domain_of(batch, ["zone"]) for batch in batches] == ["zone 1", "no zone"]


def test_an_instance_whose_fault_domain_is_not_known_goes_alone() -> None:
    instances = [*placed(fault_domain=None)[:3], *placed(fault_domain=1)[3:5]]
    batches = batches_of(instances, [], ["fault-domain"])
    assert sorted(len(batch) for batch in batches) == [1, 1, 1, 2]
    assert {domain_of(batch, ["fault-domain"]) for batch in batches if len(batch) == 1} == {"unknown fault domain"}


def test_zones_of_two_regions_and_fault_domains_of_two_sets_are_not_the_same() -> None:
    regions = [instance(region)._replace(location=region) for region in ("westeurope", "northeurope")]
    sets = [instance("a", scale_set=WEB), instance("b", scale_set=DB)]
    assert len(batches_of(regions, [], ["zone"])) == 2
    assert len(batches_of(sets, [], ["fault-domain"])) == 2
    assert len(batches_of(sets, [], ["zone"])) == 1


def test_both_domains_together_are_named_together() -> None:
    batches = batches_of([instance("a", zone="3", fault_domain=2)], [], ["zone", "fault-domain"])
    assert [domain_of(batch, ["zone", "fault-domain"]) for batch in batches] == ["zone 3, FD 2"]


@given(st.integers(0, 10**6))
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    assert parse_amount(str(number)) == Amount(Fraction(number))
    assert str(parse_amount(str(number))) == str(number)


@given(st.integers(0, 10000).map(lambda one: one / 100))
def test_a_percentage_is_read_as_it_is_written(number: float) -> None:
    read = parse_amount(f"{number:g}%")
    assert read == Amount(Fraction(f"{number:g}"), percent=True)
    assert parse_amount(str(read)) == read


WRONG = [
    "",
    "%",
    "-1",
    "-1%",
    "1.5",
    "101%",
    "1/2",
    "1/0",
    "1/0%",
    "1e3",
    "1e999999999",
    "nan",
    "inf%",
    "ten",
    "1 2",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_amount(text)


@given(st.text(max_size=8))
def test_any_text_is_a_share_or_refused_as_the_parser_understands(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_amount(text).of(100) >= 0


@pytest.mark.parametrize("text", ["0", "0%", "0.0%"])
def test_a_batch_of_nothing_is_refused_though_no_errors_may_be_allowed(text: str) -> None:
    assert not parse_amount(text).number
    with pytest.raises(ValueError, match=text):
        parse_batch_size(text)


@given(st.from_regex(r"[0-9]{1,9}|[0-9]{1,2}(\.[0-9]{1,9})?%", fullmatch=True))
def test_a_share_that_is_written_down_is_read_as_the_same(text: str) -> None:
    assert parse_amount(str(parse_amount(text))) == parse_amount(text)


def test_an_instance_without_a_zone_among_zonal_ones_goes_alone() -> None:
    found = [instance("a"), instance("b", zone=None), instance("c", zone=None), instance("d")]
    assert [[one.name for one in batch] for batch in batches_of(found, (), ["zone"])] == [["a", "d"], ["b"], ["c"]]


def test_zones_separate_only_where_there_are_some() -> None:
    regional = [instance("a", zone=None), instance("b", zone=None)]
    assert separating(regional, ["zone", "fault-domain"]) == ["fault-domain"]
    assert separating([*regional, instance("c")], ["zone"]) == ["zone"]
