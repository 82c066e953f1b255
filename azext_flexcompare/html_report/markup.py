"""HTML elements with escaped content.

Only the result of `tag` and `join` is taken as HTML; every other text is escaped.
"""

from __future__ import annotations

from html import escape

from azext_flexcompare.output.text import show_invisible

VOID_ELEMENTS = ("input", "line", "meta", "path", "rect", "use")


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


def _escape(child: object) -> str:
    if isinstance(child, Markup):
        return str(child)
    return "" if child is None else escape(show_invisible(str(child)))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(show_invisible(str(value)))}"'
