"""The arguments of a call, and the requests that must be built."""

from __future__ import annotations

import pytest

from azext_flexcompare.planning.adapters import arguments_of
from azext_flexcompare.table.entries import Operation, Option
from tests.latest.helpers.worlds import OPERATIONS


def operation_with(*options: tuple[str, str]) -> Operation:
    made = tuple(Option(name, type="text", help="Help.", argument=argument) for name, argument in options)
    return OPERATIONS["restart"]._replace(options=made)


def test_an_option_of_the_method_is_its_argument() -> None:
    assert arguments_of(operation_with(("--skip-shutdown", "skip_shutdown")), {"skip_shutdown": True}) == {
        "skip_shutdown": True
    }


def test_options_of_the_body_are_nested_in_it() -> None:
    given = {"admin_password": "p", "exact_version": "1", "temp_disk": True}
    body = {"osProfile": {"adminPassword": "p"}, "exactVersion": "1", "tempDisk": True}
    assert arguments_of(OPERATIONS["reimage"], given) == {"parameters": body}


@pytest.mark.parametrize("value", [None, False])
def test_what_was_left_out_or_switched_off_is_not_sent(value: object) -> None:
    operation = operation_with(("--a", "a"), ("--b", "body.b"), ("--c", "c"))
    assert arguments_of(operation, {"a": value, "b": value}) == {}


def test_an_empty_text_is_sent_as_it_is() -> None:
    assert arguments_of(operation_with(("--a", "a")), {"a": ""}) == {"a": ""}
