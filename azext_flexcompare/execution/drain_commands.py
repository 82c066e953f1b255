"""The commands `drain` and `undrain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple

from azure.cli.core.azclierror import MutuallyExclusiveArgumentError
from knack.log import get_logger

from azext_flexcompare.arm.backend_pools import DOWN, NONE, Member
from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.arm.network_bodies import same
from azext_flexcompare.execution.confirmation import ask
from azext_flexcompare.execution.drain_targets import Target, emptied, find_targets
from azext_flexcompare.execution.planned_instances import planned_instance
from azext_flexcompare.execution.pool_write import Journal, NoJournal, PoolWrite, TakeOut, put_backs, write_pool
from azext_flexcompare.instances import Instance, ResourceId, last_name
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.drains import Drained, out_of_rotation
from azext_flexcompare.joblog.jobs import find_log, reference
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output import messages
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.output.query import printable, require_query
from azext_flexcompare.output.rows import expected_rows
from azext_flexcompare.planning.option_values import AUTO
from azext_flexcompare.planning.run_options import RunOptions, check_pools
from azext_flexcompare.planning.work import planned_outcomes, skipped_outcomes
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation

OPTION = "--load-balancer"
DRAIN = Operation(
    name="drain",
    summary="Take instances out of rotation of their backend pools.",
    call=None,
    target="loadBalancer",
    method="PUT",
    path="{load balancer}/backendAddressPools/POOL",
    everyInstance=True,
    risk="No other instance of a backend pool is in rotation.",
    evidence="documented",
    source="page-2026",
)
UNDRAIN = DRAIN._replace(name="undrain", summary="Put instances back into rotation of their backend pools.", risk="")

Rows = list[dict[str, Any]]
States = dict[ResourceId, list[tuple[str, Member]]]  # of each instance: pool and member there
SEVERITY = (Status.SKIPPED, Status.SUCCEEDED, Status.NOT_STARTED, Status.INTERRUPTED, Status.TIMED_OUT, Status.FAILED)
IN_NO_POOL = "It is in no backend pool to which a load balancing rule leads."
CHANGED = "Another client has changed its state in the pool since."


class _Chosen(NamedTuple):
    """The chosen instances and their pools, and the addresses that a command may change."""

    azure: Azure
    instances: list[Instance]
    targets: list[Target]
    states: States


def drain(cli_ctx: Any, choice: Choice, pools: Sequence[str], run_options: RunOptions) -> Rows:
    """Take the chosen instances out of rotation; return a row for each, in the order chosen.

    It asks first only where nobody else would be left in the rotation of a pool.
    """
    chosen = _choose(cli_ctx, DRAIN, choice, pools, strict=True)
    reasons = _reasons(chosen, already_so=lambda state: same(state, DOWN), why="It is out of rotation already.")
    acting = [one for one in chosen.instances if one.id not in reasons]
    ids = {one.id for one in acting}
    if not (run_options.dry_run or run_options.yes) and emptied(chosen.targets, ids):
        ask(DRAIN, acting)
    require_query(cli_ctx, _with_pools(chosen, expected_rows(DRAIN, chosen.instances)))
    writes: list[PoolWrite] = []
    for target in chosen.targets:
        wanted = target.addresses_of(ids)
        if wanted:
            writes.append(TakeOut(chosen.azure, target.pool["id"], NoJournal(), wanted=wanted))
    outcomes = _write_all(writes, acting, run_options)
    outcomes += skipped_outcomes(chosen.instances, reasons)
    return _conclude(cli_ctx, (DRAIN, pools), chosen, outcomes, run_options=run_options)


def undrain(cli_ctx: Any, choice: Choice, pools: Sequence[str], run_options: RunOptions) -> Rows:
    """Return the chosen instances to rotation, where the health probe decides; return a row for each."""
    chosen = _choose(cli_ctx, UNDRAIN, choice, pools, strict=False)
    reasons = _reasons(chosen, already_so=lambda state: not same(state, DOWN), why="It is in rotation already.")
    acting = [one for one in chosen.instances if one.id not in reasons]
    ids = {one.id for one in acting}
    require_query(cli_ctx, _with_pools(chosen, expected_rows(UNDRAIN, chosen.instances)))
    drained = [
        Drained(id_, target.pool["id"], name, NONE)
        for target in chosen.targets
        for name, id_ in target.addresses_of(ids).items()
    ]
    outcomes = _write_all(put_backs(chosen.azure, NoJournal(), drained), acting, run_options)
    outcomes += skipped_outcomes(chosen.instances, reasons)
    return _conclude(cli_ctx, (UNDRAIN, pools), chosen, outcomes, run_options=run_options)


def undrain_job(cli_ctx: Any, choice: Choice, path: str, pools: Sequence[str], run_options: RunOptions) -> Rows:
    """Return those to rotation that the run of a job log left out, each with the state that it had before."""
    if any(choice._asdict().values()) or pools:
        raise MutuallyExclusiveArgumentError(
            "--job and options that choose instances or load balancers cannot be combined.",
            recommendation="Use --job alone: the log has the instances that are out of rotation.",
        )
    path = find_log(path)
    with ExitStack() as stack:
        log: Journal
        if run_options.dry_run:
            log, records = NoJournal(), job_log.read_complete(path)
        else:
            opened, records = job_log.open_to_append(path)
            stack.callback(opened.close)
            log = _Log(opened)
        drained = out_of_rotation(records)
        instances = _instances_of(records, drained)
        states: States = {}
        for one in drained:
            states.setdefault(one.instance, []).append((_pool_name(one.pool), Member(one.address, DOWN)))
        chosen = _Chosen(azure_of(cli_ctx), instances, [], states)
        require_query(cli_ctx, _with_pools(chosen, expected_rows(UNDRAIN, instances)))
        if not instances:
            get_logger(__name__).warning("The run of %s left no instance out of rotation.", reference(path))
        outcomes = _write_all(put_backs(chosen.azure, log, drained), instances, run_options)
        if drained and records[-1]["record"] == "end":
            log.write(records[-1])  # by its last record a log tells how its run ended
    return _conclude(cli_ctx, (UNDRAIN, ()), chosen, outcomes, run_options=run_options)


class _Log:
    """A job log as a journal."""

    def __init__(self, log: job_log.JobLog) -> None:
        self.log = log

    def write(self, *found: Record) -> None:
        """Write records."""
        self.log.write(found)

    def sync(self) -> None:
        """Flush the records to the disk."""
        self.log.sync()

    def stop_reason(self) -> str | None:
        """Return None: nothing stops it."""
        return None


def _choose(cli_ctx: Any, operation: Operation, choice: Choice, pools: Sequence[str], *, strict: bool) -> _Chosen:
    check_pools(OPTION, pools)
    azure = azure_of(cli_ctx)
    instances = choose(cli_ctx, operation.name, choice)
    targets = find_targets(azure, tuple(pools or (AUTO,)), instances, OPTION, strict=strict)
    states: States = {}
    for target in targets:
        for id_, members in target.states().items():
            states.setdefault(id_, []).extend((target.name, one) for one in members)
    return _Chosen(azure, instances, targets, states)


def _reasons(chosen: _Chosen, *, already_so: Any, why: str) -> dict[ResourceId, str]:
    reasons: dict[ResourceId, str] = {}
    for one in chosen.instances:
        found = chosen.states.get(one.id)
        if not found:
            reasons[one.id] = IN_NO_POOL
        elif all(already_so(member.state) for _, member in found):
            reasons[one.id] = why
    return reasons


def _write_all(
    writes: Iterable[PoolWrite], instances: list[Instance], run_options: RunOptions
) -> list[Outcome[Instance]]:
    """Write one pool after the other, and return the outcome of each instance: the worst of those of its pools."""
    if run_options.dry_run:
        return planned_outcomes(instances, {}, {})
    found: dict[ResourceId, Outcome[Instance]] = {}
    by_id = {one.id: one for one in instances}
    with interruptible() as interrupted:
        for write in writes:
            outcome = write_pool(write, run_options.timeout, Observer(interrupted))
            for id_, one in _shared(write, outcome, by_id):
                found[id_] = max(found.get(id_, one), one, key=lambda each: SEVERITY.index(each.status))
    return list(found.values())


def _shared(
    write: PoolWrite, outcome: Outcome[PoolWrite], instances: Mapping[ResourceId, Instance]
) -> Iterator[tuple[ResourceId, Outcome[Instance]]]:
    """Yield the outcome of the write of a pool for each instance that it is about."""
    changed = {one.instance for one in write.changes}
    about = write.wanted.values() if isinstance(write, TakeOut) else [one.instance for one in write.drained]  # type: ignore[attr-defined]
    for id_ in about:
        one: Outcome[Instance] = replace(outcome, target=instances[id_])  # type: ignore[arg-type,assignment]
        unchanged = outcome.status == Status.SUCCEEDED and id_ not in changed
        yield id_, replace(one, status=Status.SKIPPED, reason=CHANGED) if unchanged else one


def _conclude(
    cli_ctx: Any,
    command: tuple[Operation, Sequence[str]],
    chosen: _Chosen,
    outcomes: Sequence[Outcome[Instance]],
    *,
    run_options: RunOptions,
) -> Rows:
    operation, pools = command
    words = [*run_options.words(), *([OPTION, *pools] if pools else [])]
    retry = messages.Retry(operation.name, run_words=words)
    return printable(
        cli_ctx, _with_pools(chosen, conclude_run((cli_ctx, operation), chosen.instances, outcomes, retry))
    )


def _with_pools(chosen: _Chosen, rows: Rows) -> Rows:
    """Return rows with the pools of each instance, and its administrative state there before the command."""
    return [
        {
            **row,
            "pools": [
                {"pool": pool, "adminStateBefore": member.state}
                for pool, member in chosen.states.get(ResourceId(row["id"]), [])
            ],
        }
        for row in rows
    ]


def _instances_of(records: Iterable[Record], drained: Iterable[Drained]) -> list[Instance]:
    """List the instances that are out of rotation, as the plans of a log have them."""
    planned = {ResourceId(each["id"]): each for one in records if one["record"] == "plan" for each in one["instances"]}
    ids = dict.fromkeys(one.instance for one in drained)
    return [planned_instance(planned[id_]) for id_ in ids if id_ in planned]


def _pool_name(pool: str) -> str:
    return f"{pool.split('/')[8]}/{last_name(pool)}"
