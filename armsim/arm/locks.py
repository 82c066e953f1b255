"""Management locks at a subscription, a resource group or a resource.

What a list without a filter holds (the scope itself, what is above and what is below) and what `atScope()` leaves
out (what is below) is as the documentation of Get-AzResourceLock, parameter AtScope, has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.arm.lookup import check_subscription, group_of, resource_of
from armsim.arm.router import Call, Router
from armsim.messages import Response
from armsim.world.locks import LEVELS, Lock, is_within

if TYPE_CHECKING:
    from armsim.messages import Request
    from armsim.world.model import World

routes = Router()

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_RESOURCE = f"{_GROUP}/providers/{{namespace}}/{{kind}}/{{name}}"
_LOCKS = "providers/Microsoft.Authorization/locks"
_SCOPES = (_SUBSCRIPTION, _GROUP, _RESOURCE)
_MEMBERS = {"level", "notes", "owners"}
_AT_SCOPE = re.compile(r"atScope\(\)", re.IGNORECASE)


def list_locks(call: Call) -> Response:
    """List the locks of a scope: its own, those above, and without atScope() those below."""
    scope = _scope_of(call)
    expression = call.request.query.get("$filter")
    if expression is not None and not _AT_SCOPE.fullmatch(expression.strip()):
        raise not_modelled(f"$filter={expression} of a list of locks")
    locks = call.cloud.world.locks.values()
    found = [one for one in locks if is_within(scope, one.scope)]
    if expression is None:
        found += [one for one in locks if is_within(one.scope, scope) and one not in found]
    return Response(200, {"value": [one.body() for one in found]})


def get_lock(call: Call) -> Response:
    """Return one lock."""
    lock = call.cloud.world.locks.get(_key(call))
    if lock is None:
        raise ArmError(404, "LockNotFound", f"The lock '{call.params['lock']}' could not be found.")
    return Response(200, lock.body())


def put_lock(call: Call) -> Response:
    """Create or change a lock."""
    key, locks = _key(call), call.cloud.world.locks
    properties = _read(call)
    old = locks.get(key)
    locks[key] = lock = Lock(
        old.scope if old else _spelled(call), old.name if old else call.params["lock"], **properties
    )
    _count(call)
    return Response(200 if old else 201, lock.body())


def delete_lock(call: Call) -> Response:
    """Remove a lock; 204 where there is none."""
    if call.cloud.world.locks.pop(_key(call), None) is None:
        return Response(204)
    _count(call)
    return Response(200)


def check_locks(request: Request, world: World) -> None:
    """Raise ARM's 409 where a lock forbids the request: no lock forbids to read, or to change locks."""
    if request.method == "GET" or not world.locks:
        return
    segments = [segment for segment in request.path.split("/") if segment]
    if segments[0].lower() != "subscriptions" or f"/{_LOCKS}/".lower() in f"{request.path}/".lower():
        return
    scope = "/" + "/".join(segments[:-1] if request.method == "POST" else segments)
    check_scope(world, scope, request.method == "DELETE")


def check_scope(world: World, scope: str, deletes: bool) -> None:
    """Raise ARM's 409 where a lock forbids to write to a scope, or to delete it."""
    locked = [one.scope for one in world.locks.values() if one.forbids(scope, deletes)]
    if locked:
        scopes = ",".join(f"'{one}'" for one in dict.fromkeys(locked))
        message = (
            f"The scope '{scope}' cannot perform {'delete' if deletes else 'write'} operation because following "
            f"scope(s) are locked: {scopes}. Please remove the lock and try again."
        )
        raise ArmError(409, "ScopeLocked", message)


def _count(call: Call) -> None:
    """Count a change of a lock on a VM among the changes of that VM."""
    if call.params.get("kind", "").lower() == "virtualmachines":
        call.cloud.accepted[_scope_of(call), call.action] += 1


def _key(call: Call) -> tuple[str, str]:
    return _scope_of(call).lower(), call.params["lock"].lower()


def _scope_of(call: Call) -> str:
    """Return the scope that a path names, as its resource writes it."""
    world = call.cloud.world
    if "kind" in call.params:
        return resource_of(call)
    if "group" in call.params:
        return world.group_id(world.groups[group_of(call)])
    check_subscription(call)
    return f"/subscriptions/{world.subscription}"


def _spelled(call: Call) -> str:
    """Return the scope as the path spells it, which the id of a lock keeps."""
    segments = [segment for segment in call.request.path.split("/") if segment]
    return "/" + "/".join(segments[: -len(f"{_LOCKS}/name".split("/"))])


def _read(call: Call) -> dict[str, Any]:
    body = call.request.json()
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        raise _invalid("The lock needs properties.")
    unknown = sorted(set(properties) - _MEMBERS)
    if unknown:
        raise _invalid(f"Could not find member '{unknown[0]}' on object of type 'LockProperties'.")
    levels = {level.lower(): level for level in LEVELS}
    level = levels.get(str(properties.get("level")).lower())
    if level is None:
        raise _invalid(f"The lock level '{properties.get('level')}' is not one of {', '.join(LEVELS)}.")
    if len(properties.get("notes") or "") > 512:
        raise _invalid("The notes of a lock have at most 512 characters.")
    return {**properties, "level": level}


def _invalid(message: str) -> ArmError:
    return ArmError(400, "InvalidRequestContent", message)


for _scope in _SCOPES:
    routes.route(f"GET {_scope}/{_LOCKS}", "locks", query=("$filter",))(list_locks)
    routes.route(f"GET {_scope}/{_LOCKS}/{{lock}}", "lock")(get_lock)
    routes.route(f"PUT {_scope}/{_LOCKS}/{{lock}}", "lock-put")(put_lock)
    routes.route(f"DELETE {_scope}/{_LOCKS}/{{lock}}", "lock-delete")(delete_lock)
