"""The options that every operation takes, each declared once."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, NamedTuple

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.planning.option_values import (
    AUTO,
    amount,
    backend_pool,
    batch_size,
    command_text,
    duration,
    file_name,
    not_negative,
    positive,
    positive_duration,
)
from azext_flexcompare.table.entries import Operation

TIMEOUT, HEALTH_TIMEOUT, HOOK_TIMEOUT = 7200, 600, 600  # seconds
COMMAND_GATE = "command"  # the value of --health-gate that needs --health-command
# Headings in the help, which the CLI sorts by name: after "Choosing" and "Command".
EXECUTION, BATCHES, LOG = "Execution", "Execution Batch", "Execution Log"


class RunOption(NamedTuple):
    """An option that every operation takes: its argument, and how a job log keeps it."""

    name: str
    group: str
    help: str
    argument: Mapping[str, Any]  # settings of the argument; `choices` are compared without regard to case
    logged: tuple[type, ...] = ()  # JSON types in a job log; none: the log does not keep it
    earlier: tuple[type, ...] = ()  # further JSON types in logs of earlier versions, for one value or none
    fixed: bool = False  # a resumed run cannot change it
    needs_wait: bool = False  # it has no meaning with --no-wait
    needs: tuple[str, ...] = ()  # it has no meaning without one of these options
    optional: bool = False  # logs of the first version do not have it; its default holds for them

    @property
    def flag(self) -> str:
        """Return the name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def log_name(self) -> str:
        """Return the name in a job log."""
        first, *others = self.name.split("_")
        return first + "".join(map(str.capitalize, others))


RUN_OPTIONS = (
    RunOption(
        "max_parallel",
        EXECUTION,
        "Maximum number of instances in operation at once. Default: as many as the service accepts.",
        {"type": positive},
        logged=(int, NoneType),
    ),
    RunOption(
        "timeout",
        EXECUTION,
        "Time to wait for each instance after its request; the outcome is then TimedOut. Times are written as 90, 90s, "
        "5m or 1h. Default: 2h.",
        {"type": positive_duration},
        logged=(int,),
    ),
    RunOption(
        "retries",
        EXECUTION,
        "How often a request is sent again that Azure refused for a temporary reason, such as another operation in "
        "progress on the instance. A request that may have been accepted is never sent again. Default: 0.",
        {"type": not_negative},
        logged=(int,),
        optional=True,
    ),
    RunOption(
        "dry_run",
        EXECUTION,
        "Show what would be done, without a request that changes anything.",
        {"action": "store_true"},
    ),
    RunOption(
        "no_wait",
        EXECUTION,
        "Do not wait for the operations to finish; each outcome is Accepted, with the URL of the operation.",
        {"action": "store_true", "options_list": ["--no-wait"]},
        logged=(bool,),
        fixed=True,
    ),
    RunOption(
        "yes", EXECUTION, "Do not prompt for confirmation.", {"action": "store_true", "options_list": ["--yes", "-y"]}
    ),
    RunOption(
        "skip_satisfied",
        EXECUTION,
        "Skip instances that are already in the power state that the operation leads to.",
        {"action": "store_true"},
        logged=(bool,),
        fixed=True,
    ),
    RunOption(
        "include_protected",
        EXECUTION,
        "Act on instances that are protected from scale set actions, too. By default only those chosen by their name.",
        {"action": "store_true"},
        logged=(bool,),
        optional=True,
    ),
    RunOption(
        "engine",
        EXECUTION,
        "How requests are sent: one for each VM (vm), one for each scale set (set), or Azure's bulk operations, up to "
        "100 VMs in a request (bulk). Default: vm.",
        {"choices": ("vm", "set", "bulk")},
        logged=(str,),
        fixed=True,
    ),
    RunOption(
        "batch_size",
        BATCHES,
        "Space-separated sizes of the batches, numbers or percentages: `1 10% 100%` starts with one instance. The last "
        "size repeats. With --batch-by, sizes within each domain.",
        {"nargs": "+", "type": batch_size},
        logged=(list,),
        fixed=True,
        needs_wait=True,
    ),
    RunOption(
        "batch_by",
        BATCHES,
        "Space-separated kinds of domain. Batches never span two domains, so one zone or fault domain is in operation "
        "at a time.",
        {"nargs": "+", "choices": ("zone", "fault-domain")},
        logged=(list,),
        fixed=True,
        needs_wait=True,
    ),
    RunOption(
        "batch_pause",
        BATCHES,
        "Time to wait between two batches. Default: 0.",
        {"type": duration},
        logged=(int, float),
        needs_wait=True,
        needs=("batch_size", "batch_by"),
    ),
    RunOption(
        "max_errors",
        BATCHES,
        "Send no further requests once this number or percentage of instances has failed; 0 stops at the first "
        "failure. Default: no limit.",
        {"type": amount},
        logged=(str, NoneType),
    ),
    RunOption(
        "health_gate",
        BATCHES,
        "Space-separated conditions, of which all must hold for each instance of a batch before the next one starts. "
        "vm-agent: the VM agent is Ready. app-health: the Application Health extension reports healthy. command: "
        "--health-command succeeds.",
        {"nargs": "+", "choices": ("vm-agent", "app-health", COMMAND_GATE)},
        logged=(list,),
        earlier=(str, NoneType),
        needs_wait=True,
    ),
    RunOption(
        "health_command",
        BATCHES,
        "Command that tells whether an instance is healthy by its exit status 0, for `--health-gate command`. Your "
        "shell runs it for each instance, with its fields in variables such as VMSS_FLEX_INSTANCE, VMSS_FLEX_ID, "
        "VMSS_FLEX_RESOURCE_GROUP, VMSS_FLEX_SCALE_SET, VMSS_FLEX_BATCH and VMSS_FLEX_ADDRESS, which is its private "
        "address if that can be read. It may take one minute at most.",
        {"type": command_text},
        logged=(str, NoneType),
        optional=True,
    ),
    RunOption(
        "health_timeout",
        BATCHES,
        "Time in which all of a batch must be healthy at once, before the run stops. Default: 10m.",
        {"type": positive_duration},
        logged=(int,),
        needs=("health_gate",),
    ),
    RunOption(
        "bake",
        BATCHES,
        "Time that the instances of a batch must stay healthy before the next one starts. "
        "One that does not is waited for again until --health-timeout. Default: 0.",
        {"type": duration},
        logged=(int, float),
        needs=("health_gate",),
        optional=True,
    ),
    RunOption(
        "before_batch",
        BATCHES,
        "Command that your shell runs before each batch, with the batch as JSON on standard input and variables such "
        "as VMSS_FLEX_BATCH. Its output goes to standard error. A status other than 0 stops the run.",
        {"type": command_text},
        logged=(str, NoneType),
        needs_wait=True,
        optional=True,
    ),
    RunOption(
        "after_batch",
        BATCHES,
        "As --before-batch, once the batch has ended and its health gate has passed; the JSON has the outcomes too.",
        {"type": command_text},
        logged=(str, NoneType),
        needs_wait=True,
        optional=True,
    ),
    RunOption(
        "hook_timeout",
        BATCHES,
        "Time in which a command of --before-batch or --after-batch must end. Default: 10m.",
        {"type": positive_duration},
        logged=(int,),
        needs=("before_batch", "after_batch"),
        optional=True,
    ),
    RunOption(
        "confirm_each",
        BATCHES,
        "Ask on the terminal before each batch but the first; a run that is resumed asks before each batch that has "
        "not begun. `no` stops the run, so that it can be resumed.",
        {"action": "store_true"},
        logged=(bool,),
        needs=("batch_size", "batch_by"),
        optional=True,
    ),
    RunOption(
        "confirm_after",
        BATCHES,
        "Ask on the terminal once, after this number of batches.",
        {"type": positive},
        logged=(int, NoneType),
        needs=("batch_size", "batch_by"),
        optional=True,
    ),
    RunOption(
        "stop_on",
        BATCHES,
        "Command that your shell runs before anything is sent and every ten seconds until the run is over, such as a "
        "query of an alarm. A status other than 0 stops the run: nothing new is sent.",
        {"type": command_text},
        logged=(str, NoneType),
        needs_wait=True,
        optional=True,
    ),
    RunOption(
        "max_unavailable",
        BATCHES,
        "Number or percentage of the instances of each scale set that may be unavailable at once, those included that "
        "are so before the run. An instance begins as soon as that allows, without batches. It is available again once "
        "its operation has succeeded and --health-gate, which then applies to each instance, has passed. With "
        "--batch-by, within one domain after the other.",
        {"type": batch_size},
        logged=(str, NoneType),
        fixed=True,
        needs_wait=True,
        optional=True,
    ),
    RunOption(
        "drain",
        BATCHES,
        "Space-separated load balancers, each LB or LB/POOL by name or ID, or `auto` for every backend pool of the "
        "instances. The instances of a batch are out of rotation there (administrative state Down) from before their "
        "turn until they have succeeded and passed the health gate.",
        {"nargs": "+", "type": backend_pool},
        logged=(list,),
        fixed=True,
        needs_wait=True,
        optional=True,
    ),
    RunOption(
        "drain_time",
        BATCHES,
        "Time for connections to end between the write of a backend pool and the operation. Default: 0.",
        {"type": duration},
        logged=(int, float),
        needs=("drain",),
        optional=True,
    ),
    RunOption(
        "undrain_failed",
        BATCHES,
        "Put instances back into rotation whose operation failed, or that did not become healthy, too. By default "
        "they stay out.",
        {"action": "store_true"},
        logged=(bool,),
        needs=("drain",),
        optional=True,
    ),
    RunOption(
        "job_log",
        LOG,
        "File to record every step in, so that an interrupted run can be resumed. Default: a job of its own in the "
        "configuration folder of the CLI; see `az vmss-flex job`.",
        {"type": file_name},
    ),
    RunOption("no_job_log", LOG, "Do not record the run; it cannot be resumed.", {"action": "store_true"}),
    RunOption(
        "log_output",
        LOG,
        "Write the output of scripts to the job log and to --events too. It may contain secrets.",
        {"action": "store_true"},
        logged=(bool,),
        optional=True,
    ),
    RunOption(
        "resume",
        LOG,
        "Run to finish, by the file of its job log, the name of its job or `last`: what ended is not repeated, what "
        "was accepted is polled, the rest is sent.",
        {"type": file_name},
    ),
    RunOption(
        "retry_failed",
        LOG,
        "Run to retry, named as for --resume: the instances that are Failed, TimedOut or NotStarted.",
        {"type": file_name},
    ),
    RunOption(
        "events",
        LOG,
        "File to write every step to as a line of JSON, or `-` for standard error.",
        {"type": file_name},
    ),
)
LOGGED = tuple(option for option in RUN_OPTIONS if option.logged)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The values of the options that every operation takes; times are in seconds."""

    max_parallel: int | None = None
    timeout: int = TIMEOUT  # for each instance
    retries: int = 0
    dry_run: bool = False
    no_wait: bool = False
    yes: bool = False
    skip_satisfied: bool = False
    include_protected: bool = False
    engine: str = "vm"
    batch_size: tuple[Amount, ...] = ()
    batch_by: tuple[str, ...] = ()
    batch_pause: float = 0
    max_errors: Amount | None = None
    health_gate: tuple[str, ...] = ()
    health_command: str | None = None
    health_timeout: int = HEALTH_TIMEOUT
    bake: float = 0
    before_batch: str | None = None
    after_batch: str | None = None
    hook_timeout: int = HOOK_TIMEOUT
    confirm_each: bool = False
    confirm_after: int | None = None
    stop_on: str | None = None
    max_unavailable: Amount | None = None
    drain: tuple[str, ...] = ()
    drain_time: float = 0
    undrain_failed: bool = False
    job_log: str | None = None
    no_job_log: bool = False
    log_output: bool = False
    resume: str | None = None
    retry_failed: str | None = None
    events: str | None = None

    @classmethod
    def from_log(cls, recorded: Mapping[str, Any]) -> RunOptions:
        """Parse the options in the plan of a job log; raises InvalidArgumentValueError for what no run wrote."""
        return cls(
            **{one.name: _parse(one, recorded) for one in LOGGED if not one.optional or one.log_name in recorded}
        )

    def to_log(self) -> dict[str, Any]:
        """Return the options that a resumed run needs, as JSON."""
        return {option.log_name: _as_json(getattr(self, option.name)) for option in LOGGED}

    def words(self) -> list[str]:
        """Return the options that a new run needs to act as this one, as they are typed."""
        return [
            word
            for option in LOGGED
            if getattr(self, option.name) != getattr(NO_OPTIONS, option.name)
            for word in (option.flag, *_as_words(getattr(self, option.name)))
        ]

    @property
    def log_path(self) -> str | None:
        """Return the path of the job log that this run is recorded in."""
        return self.job_log or self.resume or self.retry_failed

    def check(self, operation: Operation) -> None:
        """Raise for options that exclude each other, or that the operation makes meaningless."""
        given = [option for option in RUN_OPTIONS if getattr(self, option.name) != getattr(RunOptions, option.name)]
        check_pools("--drain", self.drain)
        waiting = [option.flag for option in given if option.needs_wait]
        if self.no_wait and waiting:
            raise MutuallyExclusiveArgumentError(
                f"--no-wait and {waiting[0]} cannot be combined: {waiting[0]} waits for the end of each batch.",
                recommendation="Omit one of them.",
            )
        if self.health_gate and not operation.leaves_running:
            raise InvalidArgumentValueError(
                f"--health-gate: after {operation.name} no instance is healthy.", recommendation="Omit --health-gate."
            )
        _check_health_command(self)
        _check_window(self, operation)


def _check_window(run_options: RunOptions, operation: Operation) -> None:
    if run_options.max_unavailable is None:
        return
    if run_options.batch_size:
        raise MutuallyExclusiveArgumentError(
            "--max-unavailable and --batch-size cannot be combined: a window has no batches.",
            recommendation="Omit one of them.",
        )
    if run_options.engine != "vm":
        raise MutuallyExclusiveArgumentError(
            f"--max-unavailable and --engine {run_options.engine} cannot be combined: one call is for many instances.",
            recommendation="Use --engine vm, or --batch-size.",
        )
    if not operation.leaves_running:
        raise InvalidArgumentValueError(
            f"--max-unavailable: after {operation.name} no instance is available again.",
            recommendation="Use --batch-size.",
        )


def _check_health_command(run_options: RunOptions) -> None:
    gate, command = COMMAND_GATE in run_options.health_gate, run_options.health_command
    if gate and not command:
        raise RequiredArgumentMissingError(
            f"--health-gate {COMMAND_GATE} has no command.", recommendation="Add --health-command."
        )
    if command and not gate:
        raise RequiredArgumentMissingError(
            f"--health-command has no meaning without --health-gate {COMMAND_GATE}.",
            recommendation=f"Add {COMMAND_GATE} to --health-gate, or omit --health-command.",
        )


NO_OPTIONS = RunOptions()


def check_pools(option: str, pools: Collection[str]) -> None:
    """Raise for `auto` together with pools."""
    if AUTO in pools and len(set(pools)) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{option}: {AUTO} and names of load balancers cannot be combined.", recommendation=f"Omit {AUTO}."
        )


def merge_run_options(
    given: Mapping[str, Any], recorded: Mapping[str, Any] | None = None, new_plan: bool = False
) -> RunOptions:
    """Return the options that were given, over those of the job log if the run is resumed.

    Raises MutuallyExclusiveArgumentError for an option that would change the recorded plan, unless there is a
    `new_plan`.
    """
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    typed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()}
    if recorded is None:
        return _check_needs(typed, RunOptions(**typed))
    before = RunOptions.from_log(recorded)
    for option in RUN_OPTIONS:
        changed = option.name in typed and typed[option.name] != getattr(before, option.name)
        if option.fixed and changed and not new_plan:
            raise MutuallyExclusiveArgumentError(
                f"{option.flag} would change the plan in the job log.",
                recommendation=f"Omit {option.flag}; the rest runs as planned.",
            )
    return _check_needs(typed, replace(before, **typed))


def _check_needs(given: Collection[str], run_options: RunOptions) -> RunOptions:
    for option in RUN_OPTIONS:
        if option.name in given and option.needs and not any(getattr(run_options, name) for name in option.needs):
            needed = " or ".join(one.flag for one in RUN_OPTIONS if one.name in option.needs)
            raise RequiredArgumentMissingError(
                f"{option.flag} has no meaning without {needed}.",
                recommendation=f"Add {needed}, or omit {option.flag}.",
            )
    return run_options


def check_one_run(given: Mapping[str, Any]) -> None:
    """Raise for two runs at once, or a run that is resumed in a job log other than its own."""
    runs = [f"--{name.replace('_', '-')}" for name in ("resume", "retry_failed") if given[name]]
    if given["resume"] and given["job_log"] not in (None, given["resume"]):
        runs.append("--job-log")
    if len(runs) > 1:
        raise MutuallyExclusiveArgumentError(
            f"{' and '.join(runs)} cannot be combined.", recommendation="A resumed run is recorded in its own job log."
        )
    logs = [f"--{name.replace('_', '-')}" for name in ("job_log", "resume", "retry_failed") if given[name]]
    if given["no_job_log"] and logs:
        raise MutuallyExclusiveArgumentError(
            f"--no-job-log and {logs[0]} cannot be combined.", recommendation="Omit --no-job-log."
        )


def _as_words(value: Any) -> list[str]:
    if value is True:
        return []
    return [str(one) for one in value] if isinstance(value, tuple) and not isinstance(value, Amount) else [str(value)]


def _as_json(value: Any) -> Any:
    if isinstance(value, Amount):
        return str(value)
    return [_as_json(one) for one in value] if isinstance(value, tuple) else value


def _parse(option: RunOption, recorded: Mapping[str, Any]) -> Any:
    found = recorded.get(option.log_name, ...)
    if option.earlier and isinstance(found, option.earlier):
        found = [] if found is None else [found]
    listed = found if isinstance(found, list) else ()
    if not isinstance(found, option.logged) or not all(isinstance(one, str) for one in listed):
        raise _not_written(option)
    return tuple(_parse_text(option, one) for one in listed) if list in option.logged else _parse_text(option, found)


def _parse_text(option: RunOption, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        if type(value) not in option.logged:
            raise _not_written(option)
        return value
    if value not in option.argument.get("choices", (value,)):
        raise _not_written(option)
    try:
        return option.argument.get("type", str)(str(value))
    except ArgumentTypeError as error:
        raise _not_written(option) from error


def _not_written(option: RunOption) -> InvalidArgumentValueError:
    return InvalidArgumentValueError(
        f"The plan in the job log has no valid {option.log_name}.",
        recommendation="Specify a file that --job-log wrote.",
    )
