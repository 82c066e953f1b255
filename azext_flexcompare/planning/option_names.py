"""The spellings of an option, of which the help lists one long one."""

from __future__ import annotations

LONGEST = 24  # characters of a listed name; the longest of a command takes its width from every explanation


class _Unlisted:
    """What the help asks of a name before it lists it; nothing is deprecated, so nothing is said when it is used."""

    def show_in_help(self) -> bool:
        """Return False: the name is not listed."""
        return False


class SpareSpelling(str):
    """A name of an option that is accepted and that the help does not list."""

    __slots__ = ()
    deprecate_info = _Unlisted()


def spellings(*names: str) -> list[str]:
    """Return the names of an option: listed are the short ones and the first long one, or the shortest if that is long.

    The first name stays first, because messages call the option by it.
    """
    long = [name for name in names if name.startswith("--")]
    listed = long[0] if len(long[0]) <= LONGEST else min(long, key=len)
    return [name if name == listed or name not in long else SpareSpelling(name) for name in names]
