"""The documented rate limits of Azure, and which requests share one."""

from __future__ import annotations

from typing import NamedTuple

from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Rate


class Limit(NamedTuple):
    """A documented limit of each subscription and region: what it counts, for whom, and its source."""

    what: str
    whose: str
    rate: Rate
    source: str


ARM = "Microsoft, Azure Resource Manager throttling, token buckets since 2024"


COMPUTE = "Microsoft, Compute throttling limits, 2024-05-27"


CHANGES = Limit("POST, PUT and PATCH; DELETE has a bucket like it", "each principal", Rate(200, 10), ARM)


READS = Limit("GET", "each principal", Rate(250, 25), ARM)


ACTIONS = Limit("updates and actions; deletes have a bucket like it", "all principals", Rate(1500, 500 / 60), COMPUTE)


POLLS = Limit("polls of operations", "all principals", Rate(15000, 5000 / 60), COMPUTE)


LISTS = Limit("pages of lists", "all principals", Rate(900, 300 / 60), COMPUTE)


LIMITS = (CHANGES, READS, ACTIONS, POLLS, LISTS)


# Of a user: 15 queries in 5 seconds (Microsoft, Guidance for throttled requests in Azure Resource Graph).
QUERIES = Rate(15, 3)


CONNECTIONS = 32  # requests at once, each on a connection of its own
PAGE = 100  # VMs in a page of a list, until one has been read; Azure does not document the size


def rate_limit_key(target: Instance | ScaleSet) -> tuple[str, str]:
    """Return what the requests that share a limit have in common: the subscription and, where it is known, the region.

    Azure Resource Manager counts for each subscription in each region.
    """
    return target.subscription, target.location if isinstance(target, Instance) else ""


def limits(
    timeout: float | None,
    *,
    sends: Limit | None,
    max_parallel: int | None = None,
    wait: bool = True,
    retries: int = 0,
) -> Limits:
    """Return the limits of a run on Azure: what is documented, until an answer says what the service still takes.

    `sends` is the limit of the request that is sent for each target: CHANGES, READS, or None where there is none and
    targets are only polled.
    """
    return Limits(
        CONNECTIONS,
        max_parallel,
        timeout,
        wait=wait,
        sends=sends.rate if sends else UNLIMITED,
        polls=READS.rate,
        retries=retries,
    )


def pages(instances: int) -> int:
    """Return how many pages a list of so many instances has."""
    return -(-instances // PAGE)
