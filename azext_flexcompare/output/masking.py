"""Masks of secrets in logs and messages.

The CLI logs the body of every request under --debug, with protected settings and passwords, and a service may repeat
in its error what it was sent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

MASK = "***"
Masker = Callable[[str], str]


def make_masker(secrets: Iterable[str]) -> Masker:
    """Return the function that masks secrets in a text: as given, quoted as in JSON, and the texts inside JSON.

    Without any secret it is `no_mask`.
    """
    forms = {
        form for secret in secrets for text in (secret, *_texts(secret)) for form in (text, json.dumps(text)[1:-1])
    }
    ordered = sorted(filter(None, forms), key=len, reverse=True)

    def mask(text: str) -> str:
        for form in ordered:
            text = text.replace(form, MASK)
        return text

    return mask if ordered else no_mask


def no_mask(text: str) -> str:
    """Return a text as it is."""
    return text


@contextmanager
def masked_logging(mask: Masker) -> Iterator[None]:
    """Mask every message logged within the block."""
    if mask is no_mask:
        yield
        return
    handlers = {handler for name in ("cli", "azure", "az", None) for handler in logging.getLogger(name).handlers}

    def mask_record(record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True

    for handler in handlers:
        handler.addFilter(mask_record)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(mask_record)


def _texts(secret: str) -> Iterator[str]:
    """Return the texts inside a secret that is JSON: the body of a request spells them differently."""
    try:
        pending = [json.loads(secret)]
    except ValueError:
        return
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str):
            yield value
