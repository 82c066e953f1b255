"""What a run of a share cannot promise, because it does not see the runs of the other shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.cli.core.azclierror import MutuallyExclusiveArgumentError
from knack.log import get_logger

from azext_flexcompare.planning.run_options import RunOptions

CHOSEN_BY = {"zone": "zones", "fault-domain": "fault_domains"}  # kinds of domain, and what chooses one


def check_share(run_options: RunOptions, shard: str | None) -> None:
    """Raise for a window with a share: runs that begin at once would each fill the budget of the whole set."""
    if shard and run_options.max_unavailable is not None:
        raise MutuallyExclusiveArgumentError(
            "--max-unavailable and --shard cannot be combined: runs of other shares count the same unavailable "
            "instances of the scale set, each on its own.",
            recommendation="Omit --shard, or use --batch-size, whose sizes are of the share.",
        )


def warn_of_share(run_options: RunOptions, choice: Mapping[str, Any]) -> None:
    """Warn that runs of other shares may be in another domain at the same time, where not one alone is chosen."""
    several = [one for one in run_options.batch_by if len(choice.get(CHOSEN_BY[one]) or ()) != 1]
    if choice.get("shard") and several:
        get_logger(__name__).warning(
            "--batch-by %s holds for share %s alone: other shares may be in another domain at the same time. To have "
            "one at a time, run all shares with --%s, one value after the other.",
            " ".join(run_options.batch_by),
            choice["shard"],
            several[0],
        )


def cost_of_share(choice: Mapping[str, Any]) -> list[str]:
    """Build the warning that the cost of a run is that of its share; none without a share."""
    shard = choice.get("shard")
    return [f"Share {shard} alone: runs of other shares with the same login share its rate limits."] if shard else []
