"""How is an operation to be done: the options that every operation has, and do they go together?"""

from __future__ import annotations

from typing import Any, NamedTuple

from azure.cli.core.azclierror import InvalidArgumentValueError, MutuallyExclusiveArgumentError

from azext_flexcompare.planning.batches import Amount, parse_amount, parse_batch_size
from azext_flexcompare.table.entries import Operation

TIMEOUT, HEALTH_TIMEOUT = 7200, 600  # seconds
PLANNED = ("batch_size", "batch_by", "engine", "no_wait", "skip_satisfied")  # what a plan has settled for good
TOGETHER = ("batch_size", "batch_by", "batch_pause", "health_gate")  # what has no meaning unless ends are waited for


class RunOptions(NamedTuple):
    """The options that every operation has; `timeout` is for each instance, and times are in seconds."""

    max_parallel: int | None = None
    timeout: int = TIMEOUT
    dry_run: bool = False
    no_wait: bool = False
    yes: bool = False
    skip_satisfied: bool = False
    engine: str = "vm"
    batch_size: tuple[Amount, ...] = ()
    batch_by: tuple[str, ...] = ()
    batch_pause: float = 0
    max_errors: Amount | None = None
    health_gate: str | None = None
    health_timeout: int = HEALTH_TIMEOUT
    job_log: str | None = None
    resume: str | None = None
    retry_failed: str | None = None
    events: str | None = None

    @property
    def log_path(self) -> str | None:
        """Name the log that this run is written to."""
        return self.job_log or self.resume or self.retry_failed

    def check(self, operation: Operation) -> None:
        """Refuse what does not go together, or makes no sense with an operation."""
        together = [f"--{name.replace('_', '-')}" for name in TOGETHER if getattr(self, name)]
        if self.no_wait and together:
            raise MutuallyExclusiveArgumentError(
                f"--no-wait waits for no end, and {together[0]} needs the ends of one batch before the next.",
                recommendation="Leave one of them out.",
            )
        if self.health_gate and not operation.leaves_running:
            raise InvalidArgumentValueError(
                f"--health-gate: after {operation.name} no instance is healthy.", recommendation="Leave it out."
            )

    def to_log(self) -> dict[str, Any]:
        """Write down what a run that goes on must know."""
        return {
            "batchSize": [str(one) for one in self.batch_size],
            "batchBy": list(self.batch_by),
            "batchPause": self.batch_pause,
            "maxErrors": None if self.max_errors is None else str(self.max_errors),
            "healthGate": self.health_gate,
            "healthTimeout": self.health_timeout,
            "timeout": self.timeout,
            "maxParallel": self.max_parallel,
            "engine": self.engine,
            "noWait": self.no_wait,
            "skipSatisfied": self.skip_satisfied,
        }


def merge_run_options(given: dict[str, Any], recorded: dict[str, Any] | None = None, anew: bool = False) -> RunOptions:
    """Put the options that were given together, over those of a log that is gone on with, or begun `anew`.

    Raises MutuallyExclusiveArgumentError for an option that would change a plan which is under way.
    """
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    typed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()}
    if recorded is None:
        return RunOptions(**typed)
    before = _read(recorded)
    for name in PLANNED:
        if not anew and name in typed and typed[name] != getattr(before, name):
            raise MutuallyExclusiveArgumentError(
                f"--{name.replace('_', '-')} would change the plan that the job log has.",
                recommendation="Leave it out; the rest is done as it was planned.",
            )
    return before._replace(**typed)


def check_one_run(given: dict[str, Any]) -> None:
    """Refuse to go on with a run in another log than its own, or with two runs at once."""
    runs = [f"--{name.replace('_', '-')}" for name in ("resume", "retry_failed") if given[name]]
    if given["resume"] and given["job_log"] not in (None, given["resume"]):
        runs.append("--job-log")
    if len(runs) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{' and '.join(runs)} do not go together.", recommendation="A run is gone on with in its own log."
        )


def _read(recorded: dict[str, Any]) -> RunOptions:
    try:
        return _from_log(recorded)
    except ValueError as error:
        raise InvalidArgumentValueError(
            f"The plan of the job log cannot be gone on with: {error} is no size.",
            recommendation="Give a file that --job-log has written.",
        ) from error


def _from_log(recorded: dict[str, Any]) -> RunOptions:
    return RunOptions(
        max_parallel=recorded["maxParallel"],
        timeout=recorded["timeout"],
        no_wait=recorded["noWait"],
        skip_satisfied=recorded["skipSatisfied"],
        engine=recorded["engine"],
        batch_size=tuple(parse_batch_size(one) for one in recorded["batchSize"]),
        batch_by=tuple(recorded["batchBy"]),
        batch_pause=recorded["batchPause"],
        max_errors=parse_amount(recorded["maxErrors"]) if recorded["maxErrors"] else None,
        health_gate=recorded["healthGate"],
        health_timeout=recorded["healthTimeout"],
    )
