"""The choice of an engine."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.planning.engines import preparer_of, supports
from azext_flexcompare.table.entries import Option, operations


def test_an_option_that_an_engine_cannot_carry_is_refused_by_name() -> None:
    (start,) = [one for one in operations() if one.name == "start"]
    option = Option("--gently", "flag", "Gently.", "gently")
    with pytest.raises(InvalidArgumentValueError, match="does not support start with --gently"):
        preparer_of("bulk", start._replace(options=(option,)), {"gently": True}, None)  # type: ignore[arg-type]


BY_NAME = {one.name: one for one in operations()}


@pytest.mark.parametrize(
    ("engine", "operation", "given", "possible"),
    [
        ("vm", "redeploy", [], True),
        ("set", "restart", [], True),
        ("set", "redeploy", [], False),
        ("bulk", "deallocate", [], True),
        ("bulk", "restart", [], False),
        ("bulk", "deallocate", ["--nothing-of-it"], False),
    ],
)
def test_an_engine_has_an_operation_with_its_options_or_not(
    engine: str, operation: str, given: list[str], possible: bool
) -> None:
    assert supports(engine, BY_NAME[operation], given) is possible


def test_an_engine_that_cannot_is_refused_with_those_that_can() -> None:
    with pytest.raises(InvalidArgumentValueError, match="--engine set does not support redeploy") as refused:
        preparer_of("set", BY_NAME["redeploy"], {}, None)  # type: ignore[arg-type]
    assert refused.value.recommendations == ["Use --engine vm."]


@pytest.mark.parametrize("engine", ["set", "bulk"])
def test_only_the_engine_for_single_vms_has_a_width(engine: str) -> None:
    with pytest.raises(InvalidArgumentValueError, match="does not support --max-parallel"):
        preparer_of(engine, BY_NAME["deallocate"], {}, None, max_parallel=3)  # type: ignore[arg-type]
