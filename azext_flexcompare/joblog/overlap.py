"""Runs of this machine that go on over the same instances."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from azure.cli.core.azclierror import AzCLIError, ValidationError

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.elsewhere import noted_logs
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.jobs import job_paths, reference
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.joblog.replay import replay


def require_no_other(instances: Collection[ResourceId], own_logs: Collection[str]) -> None:
    """Raise ValidationError where a run that is in progress acts on some of the instances.

    `own_logs` are the log of this run and the one that it retries, both of which it keeps locked.
    """
    own = [path for path in map(Path, own_logs) if path.exists()]
    for path in (*job_paths(), *noted_logs()) if instances else ():
        if path.exists() and any(path.samefile(one) for one in own):
            continue
        shared = set(instances) & _planned(path) if is_written(path) else ()
        if shared:
            name = shlex.quote(reference(str(path)))
            raise ValidationError(
                f"The job {name} is running and acts on {len(shared):,} of these instances.",
                f"Follow it with `az vmss-flex job show {name} --watch`, or wait for it with `az vmss-flex wait "
                f"--job-log {name}`.",
            )


def _planned(path: Path) -> set[ResourceId]:
    """Return the instances for which the last plan of a log has a call; a log without a plan has none."""
    try:
        logged_run = replay(read_records(str(path)))
    except AzCLIError:
        return set()
    return {id_ for id_, logged in logged_run.instances.items() if logged.batch is not None}
