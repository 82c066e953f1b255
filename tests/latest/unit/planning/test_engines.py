"""The choice of an engine."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.planning.engines import prepared_by
from azext_flexcompare.table.entries import Option, operations


def test_an_option_that_an_engine_cannot_carry_is_refused_by_name() -> None:
    (start,) = [one for one in operations() if one.name == "start"]
    option = Option("--gently", "flag", "Gently.", "gently")
    with pytest.raises(InvalidArgumentValueError, match="cannot do start with --gently"):
        prepared_by("bulk", start._replace(options=(option,)), {"gently": True}, None)  # type: ignore[arg-type]
