"""Types of arguments."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azext_flexcompare.planning.batches import parse_amount
from azext_flexcompare.planning.option_values import (
    amount,
    backend_pool,
    batch_size,
    duration,
    engine_name,
    file_name,
    positive,
    positive_duration,
    shard,
)
from tests.latest.helpers.hostile import hostile


@pytest.mark.parametrize("text", ["1", "32", " 7 ", "999999999"])
def test_a_positive_number_is_parsed(text: str) -> None:
    assert positive(text) == int(text)


@pytest.mark.parametrize(
    ("parse", "texts", "said"),
    [
        (positive, ["0", "-1", "1.5", "", "many", "1000000000"], "whole number from 1 to 999999999"),
        (duration, ["-1", "inf", "nan", "", "long", "5d", "m", "1h30m"], "not a duration such as 90, 90s, 5m or 1h"),
        (positive_duration, ["0", "1.5", "0.5s", "1000000000", "20000000m"], "whole seconds from 1 to 999999999"),
        (amount, ["-1", "101%", "1.5", ""], "neither a number of instances nor a percentage"),
        (batch_size, ["0", "0%", "many"], "nor a percentage above 0"),
        (file_name, [""], "name of the file is empty"),
        (backend_pool, ["", "a b", "lb/", "lb/pool/x", "/lb", "../lb", "lb?x", "/subscriptions/s/x"], "nor auto"),
        (
            shard,
            ["", "0/4", "5/4", "-1/4", "1/0", "a/b", "1", "1/", "1/2/3", "1.5/4", "1 /2", "1/9999999999"],
            "not a share",
        ),
        (engine_name, ["", "vms", "set bulk"], "allowed values: vm, set, bulk"),
    ],
)
def test_another_text_is_refused_with_the_expected_one(
    parse: Callable[[str], Any], texts: list[str], said: str
) -> None:
    for text in texts:
        with pytest.raises(ArgumentTypeError, match=said):
            parse(text)


def test_values_are_parsed() -> None:
    assert (duration("0"), duration("1.5"), file_name("-")) == (0, 1.5, "-")
    assert [positive_duration(one) for one in ("90", "90s", "5m", "1h", "1.5M")] == [90, 90, 300, 3600, 90]
    assert [shard(one) for one in ("1/1", "02/04", "4/4")] == ["1/1", "2/4", "4/4"]
    assert [engine_name(text) for text in ("vm", "SET", "Bulk")] == ["vm", "set", "bulk"]
    assert (amount("0"), batch_size("10%")) == (parse_amount("0"), parse_amount("10%"))


@pytest.mark.parametrize(
    "parse", [amount, backend_pool, batch_size, duration, positive_duration, positive, file_name, engine_name]
)
@given(text=st.one_of(hostile, st.from_regex(r"[-+]?[0-9._]{0,12}(e-?[0-9]{1,9})?(/[0-9]{1,3})?%?", fullmatch=True)))
@example(text="1/0")
@example(text="1e9999999")
@example(text="1e-400%")
@example(text="1" + "0" * 400)
@example(text="nan")
def test_any_text_is_parsed_or_refused(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except ArgumentTypeError:
        return
