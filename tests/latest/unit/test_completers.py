"""The completers: quick, and silent where they fail."""

from __future__ import annotations

import os
from threading import Event

import pytest

from azext_flexcompare._completers import _typed_subscription, promptly

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell's way of completing")


def test_a_slow_completion_is_given_up() -> None:
    never = Event()

    def read() -> list[str]:
        never.wait()
        return ["late"]

    assert promptly(read, seconds=0) == []
    never.set()
    assert promptly(lambda: ["soon"]) == ["soon"]


def test_a_reading_that_fails_is_no_completion() -> None:
    def read() -> list[str]:
        raise LookupError

    assert promptly(read) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("az vmss-flex start --subscription a -n ", "a"),
        ("az vmss-flex start --subscription='a b' -n ", "a b"),
        ("az vmss-flex start --subscription a --subscription b -n ", "b"),
        ("az vmss-flex start --subscription 'a b", None),
        ("az vmss-flex start --subscription", None),
        ("", None),
    ],
)
def test_the_typed_subscription_is_found(line: str, found: str | None) -> None:
    assert _typed_subscription(line) == found
