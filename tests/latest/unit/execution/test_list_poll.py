"""One listing of a scale set in place of a poll for each instance."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given

from azext_flexcompare.execution.list_poll import SetListPoll
from tests.latest.helpers.factories import instance, scale_set
from tests.latest.helpers.hostile import Recorder, hostile


@given(hostile)
def test_no_name_of_a_set_leaves_the_filter_of_a_listing(name: str) -> None:
    asked = Recorder()
    one = scale_set(name)
    SetListPoll(asked.azure, [SimpleNamespace(instances=[instance("a", one)])]).find_ended([])  # type: ignore[list-item]
    path, query = asked.only()
    assert path[-1] == "virtualMachines"
    assert query == {
        "$filter": "'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'",
        "api-version": "2024-11-01",
    }
