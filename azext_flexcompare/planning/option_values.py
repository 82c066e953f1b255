"""Types of arguments: the text of a command line as a value.

Each raises ArgumentTypeError for another text, which the parser reports with the name of the option.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from azext_flexcompare.planning.batches import Amount, parse_amount, parse_batch_size
from azext_flexcompare.times import parse_duration

MANY = 10**9
SHARD = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
ENGINES = ("vm", "set", "bulk")
AUTO = "auto"  # every backend pool
LOAD_BALANCER_ID = re.compile(r"/subscriptions/.+/loadBalancers/[^/]+(/backendAddressPools/[^/]+)?", re.IGNORECASE)
LOAD_BALANCER_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


def positive(text: str) -> int:
    """Return a whole number above zero and below a billion."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number < MANY:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MANY - 1}")
    return number


def not_negative(text: str) -> int:
    """Return a whole number from zero and below a billion."""
    return 0 if text.strip() == "0" else positive(text)


def duration(text: str) -> float:
    """Return a duration in seconds; zero is allowed."""
    try:
        return parse_duration(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a duration such as 90, 90s, 5m or 1h") from None


def positive_duration(text: str) -> int:
    """Return a duration of a whole number of seconds above zero and below a billion."""
    found = duration(text)
    if not (1 <= found < MANY and found.is_integer()):
        raise ArgumentTypeError(f"{text!r} is not a duration of whole seconds from 1 to {MANY - 1}")
    return int(found)


def shard(text: str) -> str:
    """Return a share such as `2/4`: a number from 1 to the number of shares."""
    found = SHARD.fullmatch(text)
    number, shares = (int(one) for one in found.groups()) if found else (0, 0)
    if not 1 <= number <= shares:
        raise ArgumentTypeError(f"{text!r} is not a share such as 2/4, from 1/4 to 4/4")
    return f"{number}/{shares}"


def file_name(text: str) -> str:
    """Return the name of a file; an empty one is refused, since it would count as left out."""
    if not text:
        raise ArgumentTypeError("the name of the file is empty")
    return text


def command_text(text: str) -> str:
    """Return a command of the user's shell; an empty one is refused, since it would always succeed."""
    if not text.strip() or "\x00" in text:
        raise ArgumentTypeError("the command is empty" if not text.strip() else "the command has a null character")
    return text


def amount(text: str) -> Amount:
    """Return a number of instances or a percentage; zero is allowed."""
    try:
        return parse_amount(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a number of instances nor a percentage") from None


def batch_size(text: str) -> Amount:
    """Return a number of instances or a percentage above zero."""
    try:
        return parse_batch_size(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a number of instances nor a percentage above 0") from None


def engine_name(text: str) -> str:
    """Return the name of an engine, whatever its case."""
    if text.lower() not in ENGINES:
        raise ArgumentTypeError(f"{text!r} is not an engine; allowed values: {', '.join(ENGINES)}")
    return text.lower()


class OfferedEngines(list[str]):
    """The engines that a command supports, for help; others are refused later, by an error that names these."""

    def __contains__(self, name: object) -> bool:
        """Return whether it is an engine of any command."""
        return name in ENGINES


def backend_pool(text: str) -> str:
    """Return a load balancer or one of its backend pools, by name or id, or `auto`."""
    if not (LOAD_BALANCER_ID if text.startswith("/") else LOAD_BALANCER_NAME).fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is neither LB, LB/POOL, the id of one of them nor {AUTO}")
    return text
