"""How do secrets stay out of logs and messages?

The CLI logs the body of every request under --debug, protected settings and passwords with it, and a service may repeat
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
    """Make the function that masks secrets in a text, as they are, as they stand in JSON, and the texts inside JSON.

    Without any secret it is `unmasked`.
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
    """Leave a text as it is, where there is nothing to hide."""
    return text


@contextmanager
def masked_logging(mask: Masker) -> Iterator[None]:
    """Mask everything that is logged meanwhile."""
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
    """Find the texts inside a secret that is JSON: in the body of a request they stand in another spelling."""
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
