"""What do the rate headers of an answer say while nothing is counted?

The names and budgets are those of limits.json and of an azure-cli recording of November 2025; the values are those of
a budget of which one request is spent.
"""

from __future__ import annotations

from armsim.arm.limits import ARM, BUCKETS, kind_of


def rate_headers(method: str, bucket: str) -> dict[str, str]:
    """Return the rate headers of an answer from a budget."""
    if bucket == "ResourceGraph":
        return {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
    headers = {
        f"x-ms-ratelimit-remaining-subscription-{policy.name}": str(int(policy.capacity) - 1)
        for policy in ARM[kind_of(method)]
    }
    if bucket in BUCKETS:
        left = ",".join(f"Microsoft.Compute/{one.name};{int(one.capacity) - 1}" for one in BUCKETS[bucket])
        headers |= {"x-ms-ratelimit-remaining-resource": left, "x-ms-request-charge": "1"}
    return headers
