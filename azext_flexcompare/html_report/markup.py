"""How is HTML written so that nothing that is shown can become a part of it?

Only what `tag` has made passes as it is; every other text is escaped where it is put in.
"""

from __future__ import annotations

import unicodedata
from html import escape

EMPTY = ("input", "line", "path", "rect", "use")


class Markup(str):
    """A piece of HTML that is known to be one."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Write an element; `class_` is the attribute class, `aria_label` aria-label; None leaves out, True is bare."""
    head = "".join([name, *(_attribute(key, value) for key, value in attributes.items() if value is not None)])
    return Markup(f"<{head}/>" if name in EMPTY else f"<{head}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Put pieces behind each other, texts escaped."""
    return Markup("".join(_piece(child) for child in children))


def _piece(child: object) -> str:
    if isinstance(child, Markup):
        return str(child)
    return "" if child is None else escape(visible(str(child)))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(visible(str(value)))}"'


def visible(text: str) -> str:
    """Spell out the characters that show nothing, or turn what follows them around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one == "\n" or not _hides(one) else f"[U+{ord(one):04X}]" for one in text)


def _hides(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
