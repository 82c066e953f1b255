"""`wait`: until instances are in a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jmespath
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError
from knack.log import get_logger

from azext_flexcompare.arm.clients import azure_of, compute_client
from azext_flexcompare.arm.instance_polling import INSTANCE_NOT_FOUND, poll_instances
from azext_flexcompare.arm.machines import set_id_of
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.arm.typed import typed
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet, is_in_power_state, provisioning_error
from azext_flexcompare.output import messages, rows
from azext_flexcompare.output.conclusion import conclude_counted
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure
from azext_flexcompare.selection.choose import choice_errors, choose, choose_among
from azext_flexcompare.selection.members import find_members, read_scale_sets
from azext_flexcompare.selection.selection import Choice, is_glob, unknown_names

WAIT = "wait"
Test = Callable[[Instance | None], bool]


class Awaited(NamedTuple):
    """The states to wait for, as `az vm wait` names them, and power states; all of them must hold."""

    created: bool = False
    updated: bool = False
    deleted: bool = False
    exists: bool = False
    custom: str | None = None
    power_states: tuple[str, ...] = ()

    def tests(self) -> list[Test]:
        """Return the tests of these states; raises RequiredArgumentMissingError where there is none."""
        named = [
            (self.created or self.updated, lambda one: one is not None and _succeeded(one)),
            (self.deleted, lambda one: one is None),
            (self.exists, lambda one: one is not None),
            (bool(self.power_states), lambda one: one is not None and self._is_in_power_state(one)),
        ]
        found: list[Test] = [test for wanted, test in named if wanted]
        found += [_custom(self.custom)] if self.custom else []
        if not found:
            raise RequiredArgumentMissingError(
                "wait needs a state to wait for.",
                recommendation="Use --power-state, --created, --updated, --deleted, --exists, --custom or --job-log.",
            )
        return found

    def _is_in_power_state(self, instance: Instance) -> bool:
        return any(is_in_power_state(instance, state) for state in self.power_states)


def wait_for(
    cli_ctx: Any, choice: Choice, awaited: Awaited, interval: int | None, timeout: int
) -> list[dict[str, Any]]:
    """Wait until each chosen instance is in the awaited states; return a row for each, in the order chosen."""
    awaited = awaited._replace(power_states=choice.power_states or awaited.power_states)  # waited for, and no filter
    choice = choice._replace(power_states=None)
    tests = awaited.tests()
    chosen = _chosen(cli_ctx, choice, awaited)
    with interruptible() as interrupted:
        outcomes = poll_instances(
            azure_of(cli_ctx),
            chosen,
            partial(_condition, tests, awaited.exists),
            timeout=timeout,
            observer=Observer(interrupted),
            interval=interval,
        )
    conclude_counted(cli_ctx, outcomes)
    return [rows.waited_row(WAIT, outcome) for outcome in outcomes]


def _chosen(cli_ctx: Any, choice: Choice, awaited: Awaited) -> list[Instance]:
    if awaited.deleted:
        return _existing(cli_ctx, choice)
    if awaited.exists and choice.names and choice.scale_set:
        return _expected(cli_ctx, choice)
    return choose(cli_ctx, WAIT, choice)


def _expected(cli_ctx: Any, choice: Choice) -> list[Instance]:
    """Return the chosen instances, those included that do not exist yet."""
    reader = Reader(partial(compute_client, cli_ctx), WAIT, typed(cli_ctx))
    members, named = find_members(reader, choice)
    with choice_errors():
        missing = [name for name in unknown_names(members, named.names or ()) if _is_plain_name(name)]
    if not missing:
        return choose(cli_ctx, WAIT, choice)
    [scale_set], _ = read_scale_sets(reader, choice)
    return choose_among(cli_ctx, [*members, *(_not_yet(scale_set, name) for name in missing)], named)


def _is_plain_name(name: str) -> bool:
    return "/" not in name and not is_glob(name)


def _not_yet(scale_set: ScaleSet, name: str) -> Instance:
    group = f"/subscriptions/{scale_set.subscription}/resourceGroups/{scale_set.resource_group}"
    return Instance(
        ResourceId(f"{group}/providers/Microsoft.Compute/virtualMachines/{name}"),
        name,
        scale_set,
        zone=None,
        fault_domain=None,
        power_state=None,
        tags={},
        provisioning_state=None,
        size=None,
        location="",
        resource=None,
    )


def _existing(cli_ctx: Any, choice: Choice) -> list[Instance]:
    """Return the chosen instances that still exist; the others need no wait."""
    reader = Reader(partial(compute_client, cli_ctx), WAIT, typed(cli_ctx))
    members, named = find_members(reader, choice, gone_allowed=True)
    if not members and choice.takes_all and not named.names:
        return []
    with choice_errors():
        gone = unknown_names(members, named.names or ())
    if gone:
        get_logger(__name__).warning("No longer in the set: %s", messages.first_names(gone))
    left = tuple(name for name in named.names or ("*",) if name not in gone)
    return choose_among(cli_ctx, members, named._replace(names=left)) if members and left else []


def _succeeded(instance: Instance) -> bool:
    error = provisioning_error(instance)
    if error:
        raise Failure(error)
    return instance.provisioning_state == "Succeeded"


def _custom(query: str) -> Test:
    search = compile_custom(query, "az vmss-flex show")
    return lambda one: one is not None and search(rows.to_dict(one.resource.model))


def compile_custom(query: str, command: str) -> Callable[[Any], bool]:
    """Return the test of --custom, a query of what a command prints; raises InvalidArgumentValueError."""
    try:
        compiled = jmespath.compile(query)
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        raise InvalidArgumentValueError(
            f"--custom is not a valid JMESPath query: {' '.join(str(error).split())}",
            recommendation=f"It is applied to what `{command}` prints of each instance.",
        ) from error
    return lambda shown: bool(compiled.search(shown))


def _condition(tests: Sequence[Test], to_come: bool, found: Instance | None) -> tuple[bool, None]:
    """Return whether all tests hold; an instance that is not there is only awaited if it is `to_come`."""
    reached = all(test(found) for test in tests)
    if found is None and not reached and not to_come:
        raise Failure(INSTANCE_NOT_FOUND)
    if to_come and found is not None and ResourceId(set_id_of(found.resource.body)) != found.scale_set.id:
        raise Failure(Error("NotInScaleSet", f"The VM is not an instance of scale set {found.scale_set.name}."))
    return reached, None
