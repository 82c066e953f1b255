"""Pages of long lists."""

from __future__ import annotations

import base64
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from armsim.arm.errors import ArmError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from armsim.arm.router import Call

Item = TypeVar("Item")


class Page(NamedTuple):
    """The ordinal of the last item shown before this page, and how many the page may hold."""

    after: int
    size: int


def read_page(call: Call, size: int | None = None) -> Page:
    """Return the page that a request asks for with $skiptoken: the first one without it."""
    token = call.request.query.get("$skiptoken")
    after = -1 if token is None else decode_token(token)
    return Page(after, size or call.cloud.settings.page_size)


def next_link(call: Call, last: int) -> dict[str, Any]:
    """Return the nextLink member that continues after the item of ordinal `last`, or as a fault has it."""
    kind = call.fault.kind if call.fault else ""
    if kind == "loop":
        return {"nextLink": f"{call.cloud.url}{call.request.target}"}
    last -= kind == "overlap"
    query = {**call.request.query, "$skiptoken": encode_token(last)}
    return {"nextLink": f"{call.cloud.url}{call.request.path}?{urlencode(query)}"}


def rest(items: Sequence[Item], page: Page, ordinal: Callable[[Item], int]) -> Sequence[Item]:
    """Return the items from a page on, of items in the order of their ordinals."""
    return items[bisect_right(items, page.after, key=ordinal) :]


def cut(items: Sequence[Item], size: int) -> tuple[Sequence[Item], bool]:
    """Return the first `size` items and whether more are left."""
    return items[:size], len(items) > size


def encode_token(ordinal: int) -> str:
    """Return an opaque token for a position."""
    return base64.urlsafe_b64encode(f"armsim:{ordinal}".encode()).decode()


def decode_token(token: str) -> int:
    """Return the position of a token; ARM's 400 for one that was never given out."""
    try:
        name, _, ordinal = base64.urlsafe_b64decode(token).decode().partition(":")
        if name == "armsim":
            return int(ordinal)
    except ValueError:
        pass
    raise ArmError(400, "InvalidSkipToken", f"The skip token '{token}' is invalid.")
