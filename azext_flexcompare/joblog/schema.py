"""The fields that each kind of record must have.

A log may have been edited, cut or made up. Unknown fields and kinds are passed over, so that later versions may write
more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

Kinds = tuple[type, ...]
TEXT, MAYBE_TEXT = (str,), (str, NoneType)
WHOLE, MAYBE_WHOLE = (int,), (int, NoneType)
MAYBE_NUMBER = (int, float, NoneType)
LIST, OBJECT = (list,), (dict,)

RECORDS: dict[str, dict[str, Kinds]] = {
    "plan": {
        "operation": TEXT,
        "scaleSets": LIST,
        "options": OBJECT,
        "choice": OBJECT,
        "how": OBJECT,  # its members are those of planning/run_options.py, which checks them
        "batches": WHOLE,
        "instances": LIST,
    },
    "intent": {"id": TEXT},
    "accepted": {"id": TEXT, "operationUrl": MAYBE_TEXT},
    "throttled": {"id": TEXT, "seconds": MAYBE_NUMBER},
    "postponed": {"id": TEXT, "request": TEXT},
    "outcome": {
        "id": TEXT,
        "status": TEXT,
        "error": (dict, NoneType),
        "reason": MAYBE_TEXT,
        "startedAt": MAYBE_TEXT,
        "finishedAt": MAYBE_TEXT,
        "durationSeconds": MAYBE_NUMBER,
        "operationUrl": MAYBE_TEXT,
    },
    "batch": {"batch": WHOLE, "of": WHOLE},
    "health": {"batch": WHOLE, "unhealthy": LIST},
    "stopped": {"reason": TEXT},
    "drain": {"state": TEXT, "pool": TEXT, "addresses": LIST},
    "undrain": {"state": TEXT, "pool": TEXT, "addresses": LIST},
}
INSTANCE: dict[str, Kinds] = {
    "id": TEXT,
    "instance": TEXT,
    "resourceGroup": TEXT,
    "scaleSet": TEXT,
    "scaleSetId": TEXT,
    "zone": MAYBE_TEXT,
    "faultDomain": MAYBE_WHOLE,
    "location": TEXT,
    "powerState": MAYBE_TEXT,
    "provisioned": LIST,
    "batch": MAYBE_WHOLE,
}
SENT: dict[str, Kinds] = {"accepted": (bool,), "operationUrl": MAYBE_TEXT}
ERROR: dict[str, Kinds] = {"code": TEXT, "message": TEXT}


def is_complete(record: Mapping[str, Any]) -> bool:
    """Check whether a record has the fields of its kind; an unknown kind needs none."""
    if not _has(record, RECORDS.get(record["record"], {})):
        return False
    if record["record"] == "outcome":
        return record["error"] is None or (_has(record["error"], ERROR) and len(record["error"]) == len(ERROR))
    return record["record"] != "plan" or _is_plan(record)


def is_instance(record: Mapping[str, Any]) -> bool:
    """Check whether an object has the fields of an instance in a plan."""
    return _has(record, INSTANCE)


def _is_plan(plan: Mapping[str, Any]) -> bool:
    instances = plan["instances"]
    sets = {one.lower() for one in plan["scaleSets"] if isinstance(one, str)}
    return (
        _texts(plan["scaleSets"])
        and _instances(instances)
        and all(one["scaleSetId"].lower() in sets for one in instances)
        and all(_is_sent(one.get("sent")) for one in instances)
        and 0 <= plan["batches"] <= len(instances)
        and all(one["batch"] is None or 1 <= one["batch"] <= plan["batches"] for one in instances)
        and len({one["id"].lower() for one in instances}) == len(instances)
    )


def _instances(listed: Any) -> bool:
    return isinstance(listed, list) and all(isinstance(one, dict) and _has(one, INSTANCE) for one in listed)


def _is_sent(sent: Any) -> bool:
    return sent is None or (isinstance(sent, dict) and _has(sent, SENT))


def _has(found: Mapping[str, Any], shape: Mapping[str, Kinds]) -> bool:
    return all(name in found and isinstance(found[name], kinds) for name, kinds in shape.items())


def _texts(values: Sequence[Any]) -> bool:
    return all(isinstance(one, str) for one in values)
