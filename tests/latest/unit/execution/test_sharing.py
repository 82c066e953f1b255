"""What a run of a share does not promise."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

from azext_flexcompare.execution.plan import plan_run, run_context
from azext_flexcompare.execution.sharing import check_share, cost_of_share, warn_of_share
from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import RunOptions
from tests.latest.helpers.worlds import OPERATIONS

WINDOW = RunOptions(max_unavailable=parse_batch_size("10%"))


def test_a_window_and_a_share_exclude_each_other() -> None:
    with pytest.raises(MutuallyExclusiveArgumentError, match="--max-unavailable and --shard"):
        check_share(WINDOW, "1/2")
    check_share(WINDOW, None)
    check_share(RunOptions(batch_size=(parse_batch_size("10%"),)), "1/2")


def test_so_they_do_where_the_log_that_is_retried_has_the_share() -> None:
    context = run_context(None, OPERATIONS["restart"], {}, WINDOW)
    with pytest.raises(MutuallyExclusiveArgumentError, match="--max-unavailable and --shard"):
        plan_run(context, lambda _: [], [], {"shard": "1/2"})


@pytest.mark.parametrize(
    ("batch_by", "choice", "filter_"),
    [
        (("zone",), {"shard": "1/2"}, "--zone"),
        (("zone",), {"shard": "1/2", "zones": ["1", "2"]}, "--zone"),
        (("zone", "fault-domain"), {"shard": "1/2", "zones": ["1"]}, "--fault-domain"),
        (("zone",), {"shard": "1/2", "zones": ["1"]}, None),
        (("zone",), {}, None),
        ((), {"shard": "1/2"}, None),
    ],
)
def test_domains_are_said_to_be_those_of_the_share(
    batch_by: tuple[str, ...], choice: dict[str, Any], filter_: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_share(RunOptions(batch_by=batch_by), choice)
    assert (f"run all shares with {filter_}, one value after the other" in caplog.text) is (filter_ is not None)
    assert bool(caplog.text) is (filter_ is not None)


def test_a_cost_is_said_to_be_that_of_the_share() -> None:
    assert cost_of_share({}) == []
    assert "Share 1/2 alone" in cost_of_share({"shard": "1/2"})[0]
