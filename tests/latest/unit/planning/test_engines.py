"""The choice of an engine."""

from __future__ import annotations

from fractions import Fraction

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, MutuallyExclusiveArgumentError

from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.planning.engines import ENGINES, allowed_engines, preparer_of, supports
from azext_flexcompare.planning.run_options import RunOptions
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


EVERY = {"max_parallel": 2, "max_unavailable": Amount(Fraction(2)), "batch_size": (Amount(Fraction(2)),)}
OTHERS = {"retries": 1, "include_protected": True, "skip_satisfied": True, "drain": ("auto",), "stop_on": "true"}


@pytest.mark.parametrize(("option", "value"), {**EVERY, **OTHERS}.items())
def test_the_engines_of_a_comparison_are_those_that_are_not_refused(option: str, value: object) -> None:
    start = BY_NAME["start"]
    given = {option: value}
    accepted = [one for one in ENGINES if not _is_refused(RunOptions(engine=one, **given))]  # type: ignore[arg-type]
    assert allowed_engines(start, [], RunOptions(**given)) == accepted  # type: ignore[arg-type]


def _is_refused(run_options: RunOptions) -> bool:
    try:
        run_options.check(BY_NAME["start"])
        preparer_of(run_options.engine, BY_NAME["start"], {}, None, max_parallel=run_options.max_parallel)  # type: ignore[arg-type]
    except (InvalidArgumentValueError, MutuallyExclusiveArgumentError):
        return True
    return False
