"""HTML elements with escaped content.

Only the result of `tag` and `join` is taken as HTML; every other text is escaped.
"""

from __future__ import annotations

import unicodedata
from html import escape

VOID_ELEMENTS = ("input", "line", "path", "rect", "use")


class Markup(str):
    """A text that is HTML."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element.

    The keyword `class_` is the attribute class, `aria_label` is aria-label. None leaves an attribute out, and True
    writes it without a value.
    """
    head = "".join([name, *(_attribute(key, value) for key, value in attributes.items() if value is not None)])
    return Markup(f"<{head}/>" if name in VOID_ELEMENTS else f"<{head}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Join elements and texts; the texts are escaped, and None is left out."""
    return Markup("".join(_escape(child) for child in children))


def show_invisible(text: str) -> str:
    """Replace the characters that are invisible or change the direction of text by their code points."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one == "\n" or not _is_invisible(one) else f"[U+{ord(one):04X}]" for one in text)


def _escape(child: object) -> str:
    if isinstance(child, Markup):
        return str(child)
    return "" if child is None else escape(show_invisible(str(child)))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(show_invisible(str(value)))}"'


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
