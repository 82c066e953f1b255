"""Input that is malformed or hostile, and a client that keeps the URLs it would have requested."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import strategies as st

from azext_flexcompare.arm.clients import Azure

DEEP = "[" * 20_000  # more than a parser of JSON can nest
OUT = [
    "'",
    '"',
    "|",
    "\n",
    "\\",
    "' | union resources | where name != '",
    "\\' or true //",
    "'' or 1 eq 1 or ''",
    "%27",
    "%2e%2e",
    "..",
    ".",
    "../..",
    "../../other/extensions/x",
    "/",
    "?api-version=1",
    "&$filter=",
    "#",
    ";rm -rf /",
    "$(id)",
    "`id`",
    "*",
    "é",
    "\x00",
    "\u2028",
    DEEP,
    "{}",
    "[null]",
    '[{"id": 5}]',
    '{"id": ["x"]}',
]
hostile = st.one_of(
    st.sampled_from(OUT), st.text(), st.lists(st.sampled_from(OUT), min_size=2, max_size=3).map("".join)
)
short = hostile.filter(lambda text: 0 < len(text) < 1000)
typable = hostile.filter(lambda text: "\x00" not in text and len(text) < 1000).map(
    lambda text: text.encode("utf-8", "ignore").decode()
)
GROUP = "/subscriptions/s/resourceGroups/rg/providers"


# What is asked of the service


class Recorder:
    """Stands where a client does, and keeps the URLs that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, path: str, **_: Any) -> Any:
        self.asked.append(path)
        return {"value": []}

    def put(self, path: str, *_: Any, **__: Any) -> dict[str, str]:
        self.asked.append(path)
        return {}

    def delete(self, path: str, **_: Any) -> dict[str, str]:
        self.asked.append(path)
        return {}

    @property
    def azure(self) -> Azure:
        return Azure(lambda _: self, lambda _: self)

    def only(self) -> tuple[list[str], dict[str, str]]:
        """Split the one URL that was asked for as a service does."""
        [url] = self.asked
        parts = urlsplit(url)
        assert not parts.fragment
        return [unquote(one) for one in parts.path.split("/")], dict(parse_qsl(parts.query, keep_blank_values=True))
