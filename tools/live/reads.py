"""The check of the claims that only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from azure.cli.core.azclierror import AzureConnectionError

from tools.live.claims import Read
from tools.live.client import Send
from tools.live.comparison import Finding, judge, not_asked
from tools.live.masking import Mask
from tools.live.observation import observe
from tools.live.target import Target, address


def read_all(send: Send, reads: Iterable[Read], target: Target, mask: Mask) -> Iterator[Finding]:
    """Send each read once, in order, and judge the answers."""
    return (_read(send, read, target, mask) for read in reads)


def _read(send: Send, read: Read, target: Target, mask: Mask) -> Finding:
    path = address(target.fill(read.path), target.fill_all(read.query))
    try:
        answer = send(read.method, path, target.fill_all(read.body))
    except AzureConnectionError as error:
        return not_asked(read, mask(error.error_msg))
    return judge(read, observe(answer, target), mask)
