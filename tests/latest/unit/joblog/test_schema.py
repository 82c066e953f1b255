"""The shape of the records of a job log."""

from __future__ import annotations

import json
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import past_of
from tests.latest.helpers.logs import WHOLE, Record, write

JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=2) | st.just({})


@settings(max_examples=40)
@given(st.data())
def test_a_log_with_anything_in_a_field_is_read_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    records: list[Record] = json.loads(json.dumps(WHOLE))
    one = data.draw(st.sampled_from([*records, records[0]["instances"][0]]))
    one[data.draw(st.sampled_from(sorted(one)))] = data.draw(JUNK)
    path = tmp_path_factory.getbasetemp() / "junk"
    write(path, *records)
    try:
        log, found = job_log.open_again(str(path))
    except InvalidArgumentValueError:
        return
    log.close()
    assert set(past_of(found).standings) == {one["id"] for one in found[0]["instances"]}
