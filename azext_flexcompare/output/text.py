"""Texts from outside, made fit for a line or a terminal."""

from __future__ import annotations

import unicodedata


def show_invisible(text: str, keep: str = "\n") -> str:
    """Replace the characters that are invisible or change the direction of text by their code points.

    The characters in `keep` stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in keep or not _is_invisible(one) else f"[U+{ord(one):04X}]" for one in text)


def shorten(text: str, longest: int) -> str:
    """Cut a text that is longer than so many characters, and add how long it was."""
    return text if len(text) <= longest else f"{text[:longest]}... (cut: {len(text):,} characters)"


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
