"""The conditions of `wait`."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import AzCLIError
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.queries.wait import Awaited
from tests.latest.helpers.hostile import hostile


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # jmespath's own, for a way of writing texts
@given(hostile | st.from_regex(r"[a-z@\[\]().`'\"|&?*{}:, ]{1,30}", fullmatch=True))
def test_a_query_to_wait_for_is_read_or_refused(query: str) -> None:
    try:
        Awaited(custom=query).tests()
    except AzCLIError:
        return
