"""The options that every operation takes, checked and as a job log keeps them."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import (
    LOGGED,
    RUN_OPTIONS,
    RunOption,
    RunOptions,
    check_one_run,
    merge_run_options,
)
from azext_flexcompare.table.entries import operations

GIVEN: dict[str, Any] = {
    "max_parallel": 3,
    "timeout": 60,
    "retries": 2,
    "no_wait": True,
    "skip_satisfied": True,
    "include_protected": True,
    "engine": "set",
    "batch_size": (parse_batch_size("1"), parse_batch_size("10%")),
    "batch_by": ("zone",),
    "batch_pause": 1.5,
    "max_errors": parse_batch_size("3"),
    "health_gate": ("vm-agent", "command"),
    "health_command": "curl $VMSS_FLEX_INSTANCE",
    "health_timeout": 30,
    "bake": 90.0,
    "before_batch": "cat",
    "after_batch": "cat",
    "hook_timeout": 5,
    "confirm_each": True,
    "confirm_after": 1,
    "stop_on": "true",
    "max_unavailable": parse_batch_size("25%"),
    "drain": ("lb/pool", "other"),
    "drain_time": 30.5,
    "undrain_failed": True,
    "log_output": True,
}
OF_LISTS = {"batch_size", "batch_by", "health_gate", "drain"}
BELONGS = {"health_gate": {"health_command": "true"}}  # options without which another one is refused


def names_of(*, fixed: bool = False, needs_wait: bool = False) -> list[str]:
    return [one.name for one in RUN_OPTIONS if (fixed and one.fixed) or (needs_wait and one.needs_wait)]


def typed(name: str) -> Any:
    """Return the value of an option as the parser leaves it."""
    return list(GIVEN[name]) if name in OF_LISTS else GIVEN[name]


def test_the_declared_options_are_the_fields_of_their_values() -> None:
    assert [one.name for one in RUN_OPTIONS] == [one.name for one in fields(RunOptions)]


@pytest.mark.parametrize("option", RUN_OPTIONS, ids=lambda one: one.name)
def test_an_option_has_a_value_of_a_type_that_the_log_keeps(option: RunOption) -> None:
    kept = RunOptions().to_log()
    assert (option.log_name in kept) is bool(option.logged)
    if option.logged:
        assert isinstance(kept[option.log_name], option.logged)
        hint = get_type_hints(RunOptions)[option.name]
        assert (type(None) in get_args(hint)) is (type(None) in option.logged)


@pytest.mark.parametrize("option", RUN_OPTIONS, ids=lambda one: one.name)
def test_what_a_resumed_run_cannot_change_is_in_the_log(option: RunOption) -> None:
    assert option.logged or not option.fixed


def test_the_options_are_written_as_they_are_typed() -> None:
    assert RunOptions().words() == []
    assert RunOptions(dry_run=True, yes=True, job_log="a", events="b").words() == []
    assert shlex.join(RunOptions(**GIVEN).words()) == (
        "--max-parallel 3 --timeout 60 --retries 2 --no-wait --skip-satisfied --include-protected "
        "--engine set --batch-size 1 10% --batch-by zone "
        "--batch-pause 1.5 --max-errors 3 --health-gate vm-agent command "
        "--health-command 'curl $VMSS_FLEX_INSTANCE' --health-timeout 30 --bake 90.0 --before-batch cat "
        "--after-batch cat --hook-timeout 5 --confirm-each --confirm-after 1 --stop-on true "
        "--max-unavailable 25% --drain lb/pool other --drain-time 30.5 --undrain-failed --log-output"
    )


def test_every_option_that_the_log_keeps_is_read_back() -> None:
    run_options = RunOptions(**GIVEN)
    assert {one.name for one in LOGGED} == {*GIVEN}
    assert RunOptions.from_log(run_options.to_log()) == run_options


def test_a_log_of_an_earlier_version_lacks_optional_options_only() -> None:
    lacking = {one.log_name for one in LOGGED if one.optional}
    earlier = {name: value for name, value in RunOptions().to_log().items() if name not in lacking}
    assert RunOptions.from_log(earlier) == RunOptions()
    with pytest.raises(InvalidArgumentValueError):
        RunOptions.from_log({name: value for name, value in earlier.items() if name != "engine"})


@pytest.mark.parametrize("option", LOGGED, ids=lambda one: one.name)
@pytest.mark.parametrize("value", [{}, ["1", 2], object()], ids=["object", "mixed list", "no JSON"])
def test_an_option_of_another_type_in_the_log_is_refused(option: RunOption, value: object) -> None:
    kept = RunOptions().to_log()
    with pytest.raises(InvalidArgumentValueError, match=f"no valid {option.log_name}"):
        RunOptions.from_log({**kept, option.log_name: value})
    if not option.optional:
        del kept[option.log_name]
        with pytest.raises(InvalidArgumentValueError, match=f"no valid {option.log_name}"):
            RunOptions.from_log(kept)


@pytest.mark.parametrize(("logged", "gates"), [(None, ()), ("app-health", ("app-health",))])
def test_a_log_of_an_earlier_version_has_one_gate_or_none(logged: str | None, gates: tuple[str, ...]) -> None:
    assert RunOptions.from_log({**RunOptions().to_log(), "healthGate": logged}).health_gate == gates
    with pytest.raises(InvalidArgumentValueError, match="no valid healthGate"):
        RunOptions.from_log({**RunOptions().to_log(), "healthGate": "hope"})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"health_gate": ("vm-agent", "command")}, "--health-gate command has no command"),
        ({"health_gate": ("vm-agent",), "health_command": "true"}, "no meaning without --health-gate command"),
        ({"health_command": "true"}, "no meaning without --health-gate command"),
    ],
)
def test_a_command_of_health_and_its_gate_need_each_other(given: dict[str, Any], missing: str) -> None:
    restart = next(one for one in operations() if one.name == "restart")
    with pytest.raises(RequiredArgumentMissingError, match=missing):
        RunOptions(**given).check(restart)


@pytest.mark.parametrize(("name", "value"), [("batchBy", ["rack"]), ("engine", "steam"), ("maxErrors", "few")])
def test_an_unknown_value_in_the_log_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidArgumentValueError, match=f"no valid {name}"):
        RunOptions.from_log({**RunOptions().to_log(), name: value})


@pytest.mark.parametrize("name", names_of(fixed=True))
def test_a_fixed_option_can_be_repeated_but_not_changed(name: str) -> None:
    given = {name: typed(name)}
    kept = RunOptions(**{name: GIVEN[name]}).to_log()
    assert merge_run_options(given, kept) == RunOptions.from_log(kept)
    with pytest.raises(MutuallyExclusiveArgumentError, match="would change the plan"):
        merge_run_options(given, RunOptions().to_log())
    assert getattr(merge_run_options(given, RunOptions().to_log(), new_plan=True), name) == GIVEN[name]


@pytest.mark.parametrize("name", [one.name for one in LOGGED if not one.fixed])
def test_another_option_of_the_log_can_be_changed(name: str) -> None:
    before = RunOptions(health_gate=("app-health",), batch_by=("zone",), after_batch="true", drain=("auto",)).to_log()
    assert getattr(merge_run_options({name: typed(name)}, before), name) == GIVEN[name]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"resume": "a"}, None),
        ({"resume": "a", "job_log": "a"}, None),
        ({"retry_failed": "a", "job_log": "b"}, None),
        ({"resume": "a", "job_log": "b"}, "--resume and --job-log"),
        ({"resume": "a", "retry_failed": "b"}, "--resume and --retry-failed"),
        ({"no_job_log": "yes", "job_log": "b"}, "--no-job-log and --job-log"),
    ],
)
def test_a_run_is_resumed_in_its_own_log(given: dict[str, str], refused: str | None) -> None:
    arguments = {**dict.fromkeys(("resume", "retry_failed", "job_log", "no_job_log")), **given}
    if refused is None:
        check_one_run(arguments)
        return
    with pytest.raises(MutuallyExclusiveArgumentError, match=refused):
        check_one_run(arguments)


@pytest.mark.parametrize("name", names_of(needs_wait=True))
def test_what_waits_for_ends_does_not_go_with_no_wait(name: str) -> None:
    restart = next(one for one in operations() if one.name == "restart")
    others = BELONGS.get(name, {})
    RunOptions(**{name: GIVEN[name]}, **others).check(restart)
    with pytest.raises(MutuallyExclusiveArgumentError, match=f"--{name.replace('_', '-')}"):
        RunOptions(**{name: GIVEN[name]}, **others, no_wait=True).check(restart)


UNHEALTHY = {"stop", "power-off", "deallocate", "delete-instances", "simulate-eviction"}


@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.name)
def test_a_gate_of_health_is_refused_where_nothing_is_healthy_afterwards(operation: Any) -> None:
    if operation.name in UNHEALTHY:
        with pytest.raises(InvalidArgumentValueError, match="no instance is healthy"):
            RunOptions(health_gate=("vm-agent",)).check(operation)
    else:
        RunOptions(health_gate=("vm-agent",)).check(operation)


def test_the_options_of_a_log_can_be_repeated_but_not_changed() -> None:
    recorded = RunOptions(
        batch_size=(parse_batch_size("1"), parse_batch_size("10%")),
        batch_by=("zone",),
        batch_pause=5,
        max_errors=parse_batch_size("3"),
    ).to_log()
    again = merge_run_options(
        {"batch_size": [parse_batch_size("1"), parse_batch_size("10%")], "batch_by": ["zone"], "batch_pause": 0.0},
        recorded,
    )
    assert again == replace(merge_run_options({}, recorded), batch_pause=0)
    with pytest.raises(MutuallyExclusiveArgumentError, match="--batch-size"):
        merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded)
    assert merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded, new_plan=True).batch_size == (
        parse_batch_size("2"),
    )


def test_a_log_with_an_invalid_batch_size_is_refused() -> None:
    with pytest.raises(InvalidArgumentValueError, match="no valid batchSize"):
        merge_run_options({}, {**RunOptions().to_log(), "batchSize": ["none"]})


@pytest.mark.parametrize(
    ("given", "needed"),
    [({"health_timeout": 600}, "--health-gate"), ({"batch_pause": 5.0}, "--batch-size or --batch-by")],
)
def test_an_option_without_the_one_that_gives_it_a_meaning_is_refused(given: dict[str, Any], needed: str) -> None:
    with pytest.raises(RequiredArgumentMissingError, match=f"has no meaning without {needed}"):
        merge_run_options(given)
    with pytest.raises(RequiredArgumentMissingError, match=needed):
        merge_run_options(given, RunOptions().to_log())
    kept = RunOptions(health_gate=("vm-agent",), batch_by=("zone",)).to_log()
    assert merge_run_options(given, kept)
