"""The engines (`--engine`): a call for each VM, one for each scale set, or Azure's bulk operations."""

from __future__ import annotations

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.planning.adapters import vm_preparer
from azext_flexcompare.planning.bulk_engine import bulk_preparer
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.set_engine import set_preparer
from azext_flexcompare.planning.work import Options, Prepare
from azext_flexcompare.table.entries import Operation

VM, SET, BULK = "vm", "set", "bulk"
PREPARERS = {VM: vm_preparer, SET: set_preparer, BULK: bulk_preparer}
ENGINES = tuple(PREPARERS)


def preparer_of(
    engine: str, operation: Operation, options: Options, azure: Azure, *, max_parallel: int | None = None
) -> Prepare:
    """Return what prepares the calls of an operation with an engine.

    Raises InvalidArgumentValueError if the engine does not support the operation or one of the options.
    """
    if engine != VM:
        _check_supported(engine, operation, options, max_parallel)
        _check_max_parallel(engine, max_parallel)
    return PREPARERS[engine](operation, options, azure)


def _check_supported(engine: str, operation: Operation, options: Options, max_parallel: int | None) -> None:
    given = [option.name for option in operation.in_effect(options)]
    if not supports(engine, operation, given):
        supported = supports(engine, operation, [])
        what = f"{operation.name} with {' '.join(given)}" if supported else operation.name
        others = " or ".join(one for one in ENGINES if offers(one, operation, given, max_parallel))
        raise InvalidArgumentValueError(
            f"--engine {engine} does not support {what}.", recommendation=f"Use --engine {others}."
        )


def _check_max_parallel(engine: str, max_parallel: int | None) -> None:
    if max_parallel:
        raise InvalidArgumentValueError(
            f"--engine {engine} does not support --max-parallel: the service sets the number of instances.",
            recommendation=f"Omit --max-parallel, or use --engine {VM}.",
        )


def offers(engine: str, operation: Operation, given: list[str], max_parallel: int | None) -> bool:
    """Return whether an engine is one to recommend: with these options it is not refused."""
    return supports(engine, operation, given) and not (engine != VM and max_parallel)


def allowed_engines(operation: Operation, given: list[str], run_options: RunOptions) -> list[str]:
    """Return the engines that the operation, its options and those of the run allow."""
    window = run_options.max_unavailable is not None
    return [
        one for one in ENGINES if offers(one, operation, given, run_options.max_parallel) and not (one != VM and window)
    ]


def supports(engine: str, operation: Operation, given: list[str]) -> bool:
    """Return whether an engine supports the operation with the options that are given."""
    entry = (operation.engines or {}).get(engine)
    return engine == VM or (entry is not None and (engine == SET or set(given) <= set(entry.get("options", ()))))
