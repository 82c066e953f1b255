"""Several job logs read as one run."""

from __future__ import annotations

from collections import Counter

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.joblog.merge import merge_logs, missing_shares
from azext_flexcompare.joblog.replay import replay
from tests.latest.helpers.report_logs import Log, ended, plan, planned, said


def share(number: int, names: str, when: float = 0, shares: int = 2, exit_: int = 0) -> Log:
    """Return the log of a share with an instance for each letter, one batch for each."""
    members = [planned(name, batch) for batch, name in enumerate(names, 1)]
    begin = plan(*members, when=when, choice={"shard": f"{number}/{shares}"}, batches=len(members), host=f"h{number}")
    steps = [
        one
        for batch, name in enumerate(names, 1)
        for one in (
            said("batch", when + batch, batch=batch, of=len(names)),
            said("intent", when + batch, name),
            ended(name, "Succeeded", when + batch, when + batch + 0.5),
        )
    ]
    return [begin, *steps, said("end", when + len(names) + 1, exit=exit_)]


def test_two_shares_are_one_run_with_the_batches_of_both() -> None:
    merged = merge_logs([share(1, "ab"), share(2, "cd", 0.1)])
    run = replay(merged)
    assert {key.rpartition("/")[2]: one.batch for key, one in run.instances.items()} == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert [one["batch"] for one in run.of_kind("batch")] == [1, 3, 2, 4]
    assert {one.status for one in run.instances.values()} == {"Succeeded"}
    times = [one["at"] for one in run.records]
    assert times == sorted(times)
    assert (run.plan["batches"], "host" in run.plan, run.plan["at"]) == (4, False, share(1, "ab")[0]["at"])


@pytest.mark.parametrize(("exits", "worst"), [((0, 0), 0), ((0, 4), 4), ((5, 4), 5), ((130, 5), 130)])
def test_the_end_is_the_last_one_with_the_worst_status(exits: tuple[int, int], worst: int) -> None:
    logs = [share(1, "abc", exit_=exits[0]), share(2, "d", exit_=exits[1])]
    end = merge_logs(logs)[-1]
    assert (end["record"], end["exit"], end["at"]) == ("end", worst, logs[0][-1]["at"])


def test_a_run_without_an_end_leaves_all_without_one() -> None:
    merged = merge_logs([share(1, "ab"), share(2, "cd")[:-3]])
    assert "end" not in {one["record"] for one in merged}
    assert Counter(one.status for one in replay(merged).instances.values()) == {"Succeeded": 3, None: 1}


def test_an_instance_of_two_logs_counts_by_the_run_that_began_last() -> None:
    first = [ended("b", "Failed", 2, 3) if one.get("id") == "/VMS/b" else one for one in share(1, "ab")]
    retried = share(1, "b", 60)
    for logs in ([first, retried], [retried, first]):
        run = replay(merge_logs(logs))
        assert {key: one.status for key, one in run.instances.items()} == {"/vms/a": "Succeeded", "/vms/b": "Succeeded"}
        assert len([one for one in run.records if one.get("id") == "/VMS/b"]) == 2


def test_runs_of_different_operations_are_refused() -> None:
    other = share(2, "c")
    with pytest.raises(InvalidArgumentValueError, match="different operations: restart, stop"):
        merge_logs([share(1, "ab"), [{**other[0], "operation": "stop"}, *other[1:]]])


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(1, 4))
def test_every_instance_is_in_the_merged_run_once(names: list[str], shares: int) -> None:
    logs = [share(number + 1, "".join(names[number::shares]), number, shares) for number in range(shares)]
    run = replay(merge_logs(logs))
    assert sorted(run.instances) == sorted(f"/vms/{name}" for name in names)
    assert sorted(one.batch or 0 for one in run.instances.values()) == list(range(1, len(names) + 1))


@pytest.mark.parametrize(
    ("shards", "missing"),
    [
        (["1/2", "2/2"], []),
        (["2/4", "4/4", "2/4"], ["1/4", "3/4"]),
        (["1/2", "1/3"], []),
        (["1/2", None], []),
        (["x/y"], []),
        (["1"], []),
    ],
)
def test_shares_without_a_log_are_found(shards: list[str | None], missing: list[str]) -> None:
    assert missing_shares({"choice": {"shard": one}} for one in shards) == missing
