"""Bodies of Azure in the shape in which the Azure CLI prints them."""

from __future__ import annotations

from typing import Any


def flatten(body: Any) -> Any:
    """Return a body with the members of each `properties` beside the others, as commands of the CLI print it."""
    if isinstance(body, list):
        return [flatten(one) for one in body]
    if not isinstance(body, dict):
        return body
    inner = body.get("properties")
    own = {key: flatten(value) for key, value in body.items() if key != "properties" or not isinstance(inner, dict)}
    return {**own, **flatten(inner)} if isinstance(inner, dict) else own
