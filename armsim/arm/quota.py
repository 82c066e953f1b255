"""What do the rate headers of an answer say?

The names and budgets are those of the compute provider's throttling page (May 2024) and of an azure-cli recording
of November 2025; the values are those of a budget of which one request is spent, as nothing is counted.
"""

from __future__ import annotations

_COMPUTE = {
    "UpdateVM": {"UpdateVMSubscriptionMaximum": 1499, "UpdateVMResource": 11},
    "DeleteVM": {"DeleteVMSubscriptionMaximum": 1499, "DeleteVMResource": 11},
    "LowCostGet": {"LowCostGetSubscriptionMaximum": 23999, "LowCostGetResource": 35},
    "HighCostGet": {"HighCostGetSubscriptionMaximum": 899},
    "GetOperation": {"GetOperationResource": 44, "GetOperationSubscriptionMaximum": 14999},
    "GetVMScaleSet": {"GetVMScaleSetSubscriptionMaximum": 2399, "GetVMScaleSetResource": 35},
    "HighCostGetVMScaleSet": {"HighCostGetVMScaleSetSubscriptionMaximum": 1079},
}
"""What is left of the compute provider's budgets; the names for scale sets are unverified."""

_ARM = {"GET": ("reads", 249, 3749), "DELETE": ("deletes", 199, 2999)}
_WRITES = ("writes", 199, 2999)


def rate_headers(method: str, bucket: str) -> dict[str, str]:
    """Return the rate headers of an answer from a budget."""
    if bucket == "ResourceGraph":
        return {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
    kind, regional, everywhere = _ARM.get(method, _WRITES)
    headers = {
        f"x-ms-ratelimit-remaining-subscription-{kind}": str(regional),
        f"x-ms-ratelimit-remaining-subscription-global-{kind}": str(everywhere),
    }
    if bucket in _COMPUTE:
        left = ",".join(f"Microsoft.Compute/{name};{value}" for name, value in _COMPUTE[bucket].items())
        headers |= {"x-ms-ratelimit-remaining-resource": left, "x-ms-request-charge": "1"}
    return headers
