"""What do the claims that only read come to?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from azure.cli.core.azclierror import AzureConnectionError

from tools.live.asking import Ask
from tools.live.claims import Read
from tools.live.comparing import Finding, judge, not_asked
from tools.live.masking import Mask
from tools.live.observing import observe
from tools.live.place import Place, address


def read_all(ask: Ask, reads: Iterable[Read], place: Place, mask: Mask) -> Iterator[Finding]:
    """Ask each once, in turn."""
    return (_read(ask, read, place, mask) for read in reads)


def _read(ask: Ask, read: Read, place: Place, mask: Mask) -> Finding:
    path = address(place.fill(read.path), place.fill_all(read.query))
    try:
        answer = ask(read.method, path, place.fill_all(read.body))
    except AzureConnectionError as error:
        return not_asked(read, mask(error.error_msg))
    return judge(read, observe(answer, place), mask)
