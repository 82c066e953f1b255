"""The check that --batch-by has domains to go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_flexcompare.instances import Instance, describe
from azext_flexcompare.planning.batches import domain_key, domain_of, separating
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.times import count

WHOLE = {"resource_group", "scale_set", "ids", "names"}  # what chooses whole scale sets


def check_domains(instances: Sequence[Instance], run_options: RunOptions, choice: Mapping[str, Any]) -> None:
    """Raise where --batch-by would put all instances of whole scale sets into one batch, and nothing else limits it.

    Where something does, or where you chose some of the instances, warn.
    """
    if len(instances) < 2:
        return
    check_zones(instances, run_options)
    domains = separating(instances, run_options.batch_by)
    if not domains or len({domain_key(one, domains) for one in instances}) > 1:
        return
    sets, by = describe(one.scale_set for one in instances), f"--batch-by {' '.join(run_options.batch_by)}"
    limited = _limit(run_options)
    where = f"{by}: all {count(len(instances), 'instance')} of {sets} are in {domain_of(instances, domains)}"
    if limited is None and is_whole(choice) and not run_options.retry_failed:
        raise InvalidArgumentValueError(
            f"{where}, so one batch would have them all.", recommendation="Use --batch-size or --max-parallel."
        )
    rest = f"only {limited} limits the batches" if limited else "they are one batch"
    get_logger(__name__).warning("%s; %s.", where, rest)


def is_whole(choice: Mapping[str, Any]) -> bool:
    """Check whether a choice has every instance of its scale sets, by what was given of it."""
    given = {name for name, value in choice.items() if value}
    named = [one for one in choice.get("names") or () if one != "*"]
    vms = [one for one in choice.get("ids") or () if "/virtualmachines/" in one.lower()]
    return given <= WHOLE and not named and not vms


def _limit(run_options: RunOptions) -> str | None:
    limits = {
        "--batch-size": run_options.batch_size,
        "--max-parallel": run_options.max_parallel,
        "--max-unavailable": run_options.max_unavailable,
    }
    return next((name for name, value in limits.items() if value), None)


def check_zones(instances: Sequence[Instance], run_options: RunOptions) -> None:
    """Raise where --batch-by zone would put instances that are in no zone into one batch, and nothing else limits it.

    Where something does, warn.
    """
    if len(instances) < 2 or "zone" not in run_options.batch_by or "zone" in separating(instances, ["zone"]):
        return
    sets = describe(one.scale_set for one in instances)
    limited = _limit(run_options) or ("--batch-by fault-domain" if "fault-domain" in run_options.batch_by else None)
    if limited is None:
        raise InvalidArgumentValueError(
            f"--batch-by zone: no instance of {sets} is in a zone, so one batch would have all"
            f" {count(len(instances), 'instance')}.",
            recommendation="Use --batch-size, --max-parallel or --batch-by fault-domain.",
        )
    get_logger(__name__).warning(
        "No instance of %s is in a zone, so --batch-by zone separates none; only %s limits the batches.", sets, limited
    )
