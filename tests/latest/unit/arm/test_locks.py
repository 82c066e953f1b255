"""Resource locks, and the protection that the scale set itself gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from azext_flexcompare.arm.locks import delete_lock, put_lock
from tests.latest.helpers.factories import instance
from tests.latest.helpers.hostile import Recorder, hostile


@pytest.mark.parametrize("call", [delete_lock, partial(put_lock, level="ReadOnly", notes=None)])
@given(name=hostile.filter(bool))
def test_no_name_of_a_lock_leaves_its_instance(call: Callable[..., Any], name: str) -> None:
    asked = Recorder()
    call(asked.azure, instance(), name=name)
    path, query = asked.only()
    assert "/".join(path[:-1]) == f"{instance().id}/providers/Microsoft.Authorization/locks"
    assert path[-1] == name
    assert list(query) == ["api-version"]
