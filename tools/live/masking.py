"""The mask of a check: only numbers, dates and listed words pass.

Known names become `<set>` and the like, so that a message stays readable. Safety does not depend on them: every word
that is not listed becomes `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.live.claims import claims_file

WORDS = Path(__file__).with_name("words.txt")
HIDDEN = "*"
PLACEHOLDERS = {"<instance>", "<set>", "<group>", "<subscription>"}
Mask = Callable[[Any], Any]

_TOKEN = re.compile(r"<[a-z]+>|[^\s'\"(),\[\]{}=|]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PARTS = re.compile(r"(<[a-z]+>)|[./:;$]")
_PLAIN = re.compile(r"\d{1,6}(\.\d{1,3})?|20\d\d-\d\d-\d\d(-preview)?|\d\d:\d\d:\d\d")
_MOST = 999_999


def make_masker(names: dict[str, str]) -> Mask:
    """Build the function that masks any JSON value; `names` maps known names to their placeholders."""
    known = sorted(filter(None, names), key=len, reverse=True)
    called = {name.lower(): called for name, called in names.items()}
    # A group may be called compute, and Microsoft.Compute does not name it.
    pattern = re.compile(
        rf"(?<![\w-])(?<!Microsoft\.)({'|'.join(map(re.escape, known)) or '(?!)'})(?![\w-])", re.IGNORECASE
    )

    def mask(value: Any) -> Any:
        if isinstance(value, dict):
            return {mask(str(key)): mask(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [mask(each) for each in value]
        if isinstance(value, str):
            return _TOKEN.sub(_allowed, pattern.sub(lambda found: called[found[0].lower()], value))
        if value is None or isinstance(value, bool):
            return value
        return value if isinstance(value, (int, float)) and abs(value) <= _MOST else HIDDEN

    return mask


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    """List the words that may pass: those of the list and those of the claims."""
    claimed = " ".join(_texts(claims_file()))
    return frozenset(word.lower() for word in (*WORDS.read_text("utf-8").split(), *_HUMP.findall(claimed)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def _allowed(found: re.Match[str]) -> str:
    token = found[0]
    bare = token.rstrip(".:;!?")
    return token if not bare or _is_known(bare) else HIDDEN + token[len(bare) :]


def _is_known(token: str) -> bool:
    if token in PLACEHOLDERS or _PLAIN.fullmatch(token) or token in claims_file()["headers"]:
        return True
    return all(part in PLACEHOLDERS or _is_worded(part) for part in _PARTS.split(token) if part)


def _is_worded(part: str) -> bool:
    humps = _HUMP.findall(part)
    return "".join(humps) == part and all(hump.lower() in _words() for hump in humps)
