"""Which engine carries an operation out: a call for each VM, one of the set, or Azure's bulk operations?"""

from __future__ import annotations

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.planning import bulk_engine as bulk
from azext_flexcompare.planning import set_engine
from azext_flexcompare.planning.adapters import preparer
from azext_flexcompare.planning.work import Options, Prepare
from azext_flexcompare.table.entries import Operation

VM = "vm"
MAKERS = {VM: preparer, "set": set_engine.preparer, "bulk": bulk.preparer}
ENGINES = tuple(MAKERS)


def prepared_by(
    engine: str, operation: Operation, options: Options, azure: Azure, max_parallel: int | None = None
) -> Prepare:
    """Find what makes an operation's calls with an engine, as `preparer` does.

    Raises InvalidArgumentValueError where the engine has no such operation or cannot carry one of the options.
    """
    if engine != VM:
        _demand(engine, operation, options)
        _demand_no_width(engine, max_parallel)
    return MAKERS[engine](operation, options, azure)


def _demand(engine: str, operation: Operation, options: Options) -> None:
    given = [option.name for option in operation.given(options)]
    if not can(engine, operation, given):
        there = can(engine, operation, [])
        what = f"{operation.name} with {' '.join(given)}" if there else operation.name
        raise InvalidArgumentValueError(
            f"--engine {engine} cannot do {what}.",
            recommendation=f"Use --engine {' or '.join(one for one in ENGINES if can(one, operation, given))}.",
        )


def _demand_no_width(engine: str, max_parallel: int | None) -> None:
    if max_parallel:
        raise InvalidArgumentValueError(
            f"--engine {engine} leaves it to the service how many instances are in operation at once.",
            recommendation=f"Leave --max-parallel out, or use --engine {VM}.",
        )


def can(engine: str, operation: Operation, given: list[str]) -> bool:
    """Say whether an engine has the operation, with the options that are given."""
    way = (operation.engines or {}).get(engine)
    return engine == VM or (way is not None and (engine == "set" or set(given) <= set(way.get("options", ()))))
