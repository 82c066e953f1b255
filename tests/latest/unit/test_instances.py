"""Scale sets and instances, and what an instance's own state shows."""

from __future__ import annotations

import pytest

from azext_flexcompare.instances import describe, last_name
from tests.latest.helpers.factories import scale_set


@pytest.mark.parametrize("text", ["web_1", "/a/b/web_1", "/a/web_1/"])
def test_the_last_name_of_an_id_or_a_name(text: str) -> None:
    assert last_name(text) == "web_1"


@pytest.mark.parametrize(
    ("names", "told"), [(["web", "web"], "scale set web"), (["web", "db"], "the scale sets web, db")]
)
def test_sets_are_named_in_a_sentence(names: list[str], told: str) -> None:
    assert describe(map(scale_set, names)) == told
