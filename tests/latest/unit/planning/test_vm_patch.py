"""The body of an instance before and after a change, and the PATCH between them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.planning.vm_patch import make_edit, make_patch, removes_property

NONE = dict.fromkeys(("tags", "size", "set", "add", "remove"))
BODY: dict[str, Any] = {
    "location": "here",
    "tags": {"role": "web"},
    "properties": {"hardwareProfile": {"vmSize": "A"}, "priority": "Spot", "list": [1]},
}


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"tags": ["stage=canary"]}, {"tags": {"role": "web", "stage": "canary"}}),
        ({"tags": [""]}, {"tags": {}}),
        ({"size": "B"}, {"properties": {"hardwareProfile": {"vmSize": "B"}}}),
        ({"set": ["priority=Regular"]}, {"properties": {"priority": "Regular"}}),
        ({"add": [["list", "2"]]}, {"properties": {"list": [1, 2]}}),
        ({"size": "A"}, {}),
    ],
    ids=str,
)
def test_a_change_is_the_patch_of_what_differs(options: dict[str, Any], changed: dict[str, Any]) -> None:
    before = deepcopy(BODY)
    after = make_edit({**NONE, **options})(before)
    assert make_patch(before, after) == changed
    assert before == BODY
    assert not removes_property(before, after)


def test_a_property_that_is_to_go_cannot_be_said_by_a_patch() -> None:
    after = make_edit({**NONE, "remove": [["priority"]]})(BODY)
    assert removes_property(BODY, after)
    assert not removes_property(BODY, {**BODY, "tags": {}})


def test_without_a_change_nothing_is_edited() -> None:
    with pytest.raises(RequiredArgumentMissingError, match="nothing to change"):
        make_edit(NONE)


@pytest.mark.parametrize("options", [{"set": ["a.b[9].c=1"]}, {"remove": [["nowhere"]]}], ids=str)
def test_a_path_that_leads_nowhere_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentValueError, match="cannot be applied to an instance"):
        make_edit({**NONE, **options})(BODY)


values = st.recursive(st.integers(0, 2), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6)
bodies = st.dictionaries(st.sampled_from("abc"), values)


def applied(body: Any, change: Any) -> Any:
    """What a service makes of a body and a PATCH."""
    if not (isinstance(body, dict) and isinstance(change, dict)):
        return change
    return {**body, **{key: applied(body.get(key), value) for key, value in change.items()}}


@given(bodies, bodies)
def test_a_patch_that_removes_nothing_leads_from_before_to_after(before: Any, after: Any) -> None:
    if not removes_property(before, after):
        assert applied(before, make_patch(before, after)) == after
