"""Reproducible identifiers and pseudo-random numbers."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from uuid import UUID, uuid5

_NAMESPACE = UUID("6d1c1c52-7e0a-4a76-9e0e-5d2f3c0b9a11")

TENANT = "00000000-0000-0000-0000-0000000000aa"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@lru_cache(maxsize=2**19)  # a few for each of a hundred thousand VMs
def guid(*parts: object) -> str:
    """Return the identifier that belongs to some parts: the same parts give the same identifier in every run."""
    return str(uuid5(_NAMESPACE, "/".join(map(str, parts))))


def suffix(*parts: object) -> str:
    """Return the eight hexadecimal digits that Azure appends to a scale set's name for a Flexible VM."""
    return guid(*parts)[:8]


def draw(*parts: object) -> float:
    """Return a number from 0 up to 1 that belongs to some parts, without caching it."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def fraction(*parts: object) -> float:
    """Return a number from 0 up to 1 that belongs to some parts."""
    return int(guid(*parts)[:8], 16) / 2**32
