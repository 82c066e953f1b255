"""The job log of a run: which file it is, and its first record."""

from __future__ import annotations

from azext_flexcompare.arm.typed import typed
from azext_flexcompare.execution.logged_command import logged_command
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.plan import RunContext, RunPlan
from azext_flexcompare.instances import last_name
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import jobs, records
from azext_flexcompare.joblog.elsewhere import note_log
from azext_flexcompare.joblog.file import JobLog
from azext_flexcompare.joblog.liveness import alone_in
from azext_flexcompare.joblog.overlap import require_no_other
from azext_flexcompare.joblog.process import process_fields
from azext_flexcompare.joblog.retention import clear_old_jobs


def open_log(context: RunContext, run_plan: RunPlan) -> JobLog | None:
    """Return the log of a run: the one that is resumed, the file that was named, or that of a new job."""
    run_options = context.run_options
    if run_plan.log or run_options.no_job_log:
        return run_plan.log
    if run_options.job_log:
        return job_log.create(run_options.job_log)
    clear_old_jobs(context.cli_ctx.config)
    record = run_plan.record or {}
    sets = [last_name(one) for one in record.get("scaleSets", ())]
    return jobs.create_job(context.operation.name, sets, shard=records.shard_of(record))


def begin_log(context: RunContext, run_plan: RunPlan, monitor: Monitor, log: JobLog | None) -> None:
    """Write the first record of a run; raises ValidationError where another one acts on the same instances."""
    command_line = logged_command(typed(context.cli_ctx), context.operation, context.mask)
    first = run_plan.record or records.record("resumed")
    with alone_in(jobs.folder()):
        own = (log.path if log else None, context.run_options.retry_failed)
        require_no_other({one.id for one in run_plan.acting}, [path for path in own if path])
        if log and run_plan.acting:
            note_log(log.path)
        monitor.write({**first, **process_fields(command_line)})


def log_reference(log: JobLog | None) -> str | None:
    """Return what names the log of a run in a command; None is that the run cannot be resumed."""
    if log is None or (isinstance(log, jobs.Job) and not log.written):
        return None
    return jobs.reference(log.path)
