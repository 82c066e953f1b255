"""The shares of `--shard i/n`: parts of a selection that several runs divide among themselves.

The share of an instance follows from its id alone. So every run finds the same shares, whatever else it selects, and an
instance that is added or removed moves no other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from azext_flexcompare.instances import Instance

DIGITS = 16  # of the digest, in hexadecimal: far more than there are shares


def share_number(id_: str, shares: int) -> int:
    """Return the number of the share that an id is in, from 1; the case of the id does not matter."""
    return int(sha256(id_.lower().encode()).hexdigest()[:DIGITS], 16) % shares + 1


def take_share(instances: Sequence[Instance], shard: str) -> list[Instance]:
    """Return the instances of a share such as `2/4`, in their order."""
    number, shares = map(int, shard.split("/"))
    return [one for one in instances if share_number(one.id, shares) == number]
