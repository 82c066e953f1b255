"""The check that --batch-by zone has zones to go by."""

from __future__ import annotations

from collections.abc import Sequence

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_flexcompare.instances import Instance, describe
from azext_flexcompare.planning.batches import separating
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.times import count


def check_zones(instances: Sequence[Instance], run_options: RunOptions) -> None:
    """Raise where --batch-by zone would put instances that are in no zone into one batch, and nothing else limits it.

    Where something does, warn.
    """
    if len(instances) < 2 or "zone" not in run_options.batch_by or "zone" in separating(instances, ["zone"]):
        return
    sets = describe(one.scale_set for one in instances)
    limits = {
        "--batch-size": run_options.batch_size,
        "--max-parallel": run_options.max_parallel,
        "--max-unavailable": run_options.max_unavailable,
        "--batch-by fault-domain": "fault-domain" in run_options.batch_by,
    }
    limited = next((name for name, value in limits.items() if value), None)
    if limited is None:
        raise InvalidArgumentValueError(
            f"--batch-by zone: no instance of {sets} is in a zone, so one batch would have all"
            f" {count(len(instances), 'instance')}.",
            recommendation="Use --batch-size, --max-parallel or --batch-by fault-domain.",
        )
    get_logger(__name__).warning(
        "No instance of %s is in a zone, so --batch-by zone separates none; only %s limits the batches.", sets, limited
    )
