"""Rate limits of one request and the rate headers of its answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError
from armsim.arm.limits import ARM, BUCKETS, Claim, Policy, Shortage, kind_of
from armsim.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.router import Call, Route

_PROVIDER = "Microsoft.Compute"


class RateLimiter:
    """The rate limits of one request: ARM's, then the provider's. Nothing is counted unless `limits` is set."""

    def __init__(self, call: Call, route: Route) -> None:
        self._call, self._route = call, route
        self._on = call.cloud.settings.limits
        self._shown: list[Claim] = []
        self._principal = ""
        call.cloud.throttle.follow(call.cloud.settings)

    def count_in_arm(self, principal: str) -> None:
        """Raise ARM's 429 where a principal, or all of them, asked too much of a region; no tenant level is counted."""
        self._principal = principal
        if not self._on or "subscription" not in self._call.params:
            return
        own, shared = ARM[kind_of(self._call.request.method)]
        region = _region_of(self._call)
        shortage = self._draw([Claim(own, (region, principal)), Claim(shared, (region,))])
        if shortage:
            raise self._subscription_throttled(shortage.seconds)

    def count_in_provider(self) -> None:
        """Raise the provider's 429 where its budget for the region or the resource is spent."""
        policies = BUCKETS.get(self._route.bucket, ())
        if not self._on or not policies:
            return
        shortage = self._draw([Claim(policy, self._owner(policy)) for policy in policies])
        if shortage and self._route.bucket == "ResourceGraph":
            raise _graph_throttled(shortage.seconds)
        if shortage:
            raise self._provider_throttled(shortage)

    def headers(self) -> dict[str, str]:
        """Return the rate headers of the answer."""
        if not self._on:
            return rate_headers(self._call.request.method, self._route.bucket, self._cost())
        headers: dict[str, str] = {}
        of_resource = []
        for claim in self._shown:
            left = self._call.cloud.throttle.left(claim, self._call.cloud.now)
            if claim.policy.name == "ResourceGraph":
                headers |= _quota_of_graph(left)
            elif claim.policy.name in _OF_COMPUTE:
                of_resource.append(f"{_PROVIDER}/{claim.policy.name};{left}")
            else:
                headers[f"x-ms-ratelimit-remaining-subscription-{claim.policy.name}"] = str(left)
        if of_resource:
            headers["x-ms-ratelimit-remaining-resource"] = ",".join(of_resource)
        if any(claim.policy.charged for claim in self._shown):
            headers["x-ms-request-charge"] = str(self._cost())
        return headers

    def _draw(self, claims: list[Claim]) -> Shortage | None:
        self._shown += claims
        return self._call.cloud.throttle.draw(claims, self._call.cloud.now, self._cost())

    def _cost(self) -> int:
        """Return what a request costs the buckets that are drawn on for every item: the instances on a page."""
        cloud, params = self._call.cloud, self._call.params
        scale_set = cloud.world.scale_sets.get((params.get("group", "").lower(), params.get("set", "").lower()))
        members = len(cloud.world.members_of(scale_set.id)) if scale_set else 1
        return max(1, min(members, cloud.settings.instances_page_size))

    def _owner(self, policy: Policy) -> tuple[str, ...]:
        if policy.per == "principal":
            return (self._principal,)
        return _resource_of(self._call) if policy.per == "resource" else (_region_of(self._call),)

    def _subscription_throttled(self, seconds: int) -> ArmError:
        words = [segment for segment in self._route.segments if not segment.startswith("{")]
        operation = "/".join([self._call.request.method, *words]).upper()
        message = (
            f"Number of requests for subscription '{self._call.params['subscription']}' and operation '{operation}' "
            f"exceeded the backend storage limit. Please try again after '{seconds}' seconds."
        )
        return _throttled("arm", "SubscriptionRequestsThrottled", message, seconds)

    def _provider_throttled(self, shortage: Shortage) -> ArmError:
        cloud, policy = self._call.cloud, shortage.claim.policy
        allowed = cloud.throttle.capacity(policy)
        details = [throttle_detail(policy.name, cloud.utc(), allowed)]
        return _throttled("compute", "OperationNotAllowed", TOO_MANY, shortage.seconds, details=details)


def rate_headers(method: str, bucket: str, cost: int) -> dict[str, str]:
    """Return the rate headers while nothing is counted: those of budgets of which one request is spent."""
    if bucket == "ResourceGraph":
        return _quota_of_graph(14)
    headers = {
        f"x-ms-ratelimit-remaining-subscription-{policy.name}": str(int(policy.capacity) - 1)
        for policy in ARM[kind_of(method)]
    }
    if bucket in BUCKETS:
        charged = any(one.charged for one in BUCKETS[bucket])
        left = (f"{one.name};{int(one.capacity) - (cost if one.charged else 1)}" for one in BUCKETS[bucket])
        headers["x-ms-ratelimit-remaining-resource"] = ",".join(f"Microsoft.Compute/{one}" for one in left)
        headers |= {"x-ms-request-charge": str(cost)} if charged else {}
    return headers


def _quota_of_graph(left: int) -> dict[str, str]:
    return {
        "x-ms-ratelimit-remaining-tenant-resource-requests": str(left),
        "x-ms-user-quota-remaining": str(left),
        "x-ms-user-quota-resets-after": "00:00:05",
    }


_OF_COMPUTE = {policy.name for policies in BUCKETS.values() for policy in policies} - {"ResourceGraph"}

TOO_MANY = "The server rejected the request because too many requests have been received for this subscription."


def throttle_detail(group: str, now: datetime, allowed: int) -> dict[str, str]:
    """Return what the compute provider says about the budget that is spent."""
    measured = {
        "operationGroup": group,
        "startTime": stamp(now - timedelta(minutes=1)),
        "endTime": stamp(now),
        "allowedRequestCount": allowed,
        "measuredRequestCount": allowed + 1,
    }
    return {"code": "TooManyRequests", "target": group, "message": json.dumps(measured)}


def _throttled(
    layer: str, code: str, message: str, seconds: int, details: list[dict[str, str]] | None = None
) -> ArmError:
    error = ArmError(429, code, message, details, headers={"Retry-After": str(seconds)})
    error.layer = layer
    return error


def _graph_throttled(seconds: int) -> ArmError:
    message = (
        "Client application has been throttled and should not attempt to repeat the request until an amount of time "
        "has elapsed."
    )
    details = [{"code": "RateLimiting", "message": message}]
    return _throttled("resourcegraph", "RateLimiting", "Too many requests.", seconds, details=details)


def _resource_of(call: Call) -> tuple[str, ...]:
    """Return what tells the resource of a request from others: as recorded, each operation has its own polls."""
    if "operation" in call.params:
        return "operation", call.params["operation"].lower()
    return tuple(call.params.get(name, "").lower() for name in ("group", "set", "vm"))


def _region_of(call: Call) -> str:
    """Return the region that answers: the one in the path, or of the resource, of its group or of the world."""
    world, params = call.cloud.world, call.params
    if "location" in params:
        return params["location"].lower()
    group = params.get("group", "").lower()
    resource = world.scale_sets.get((group, params.get("set", "").lower())) or world.vms.get(
        (group, params.get("vm", "").lower())
    )
    return (resource.location if resource else world.locations.get(group, world.location)).lower()
