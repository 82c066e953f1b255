"""Masks of secrets in logs and messages.

The CLI logs the body of every request under --debug, with protected settings and passwords, and a service may repeat
in its error what it was sent.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

from azext_flexcompare.scheduler.outcome import Error

MASK = "***"
SHORT = 4  # characters from which on a value is masked inside a word too
LONG_LINE = 8  # characters from which on a line of a value is masked by itself
LONGEST_CODE = 100
HIDDEN_BODY = "(not logged: it may contain secrets)"
POLICY = "azure.cli.core.sdk.policies"  # whose logger writes the bodies of requests and answers
CAPTIONS = (  # the lines of that logger without arguments that are no body
    "Request headers:",
    "Request body:",
    "File upload",
    "This request has no body",
    "Response headers:",
    "Response content:",
    "Body contains binary data.",
    "Body contains image data.",
    "Body is streamable",
)
CODE = re.compile(rf"[A-Za-z][\w./-]{{0,{LONGEST_CODE}}}")
SPACE = r"(?:\s|\\+[nrt])+"  # white space as it is, folded, or escaped as in JSON
Masker = Callable[[str], str]


def make_masker(secrets: Iterable[str]) -> Masker:
    """Return the function that masks secrets in a text, in every form in which a service may repeat them.

    These are the values as given and the values inside JSON, each as it is, with its white space folded, in single
    lines, quoted as in JSON or in a URL, and in base64. Without any secret the function is `no_mask`.
    """
    values = {value for secret in secrets for value in (secret, *_values(secret))}
    forms = {form for value in values for form in _forms(value)}
    ordered = sorted((form for form in forms if form.strip()), key=len, reverse=True)
    if not ordered:
        return no_mask
    pattern = re.compile("|".join(_pattern(form) for form in ordered))
    return lambda text: pattern.sub(MASK, text)


def no_mask(text: str) -> str:
    """Return a text as it is."""
    return text


def mask_error(error: Error, mask: Masker) -> Error:
    """Return an error with the secrets in its code and its message masked."""
    return Error(mask(error.code), mask(error.message))


def withhold_message(error: Error, options: Sequence[str]) -> Error:
    """Return an error without its message, where the values of options that it may repeat are not known.

    Of the code is kept what looks like one.
    """
    code = error.code if CODE.fullmatch(error.code) else MASK
    names = ", ".join(options)
    return Error(code, f"The message is not shown: it may repeat {names}, which the job log does not have.")


@contextmanager
def masked_logging(mask: Masker, *, hide_bodies: bool = False) -> Iterator[None]:
    """Mask every message logged within the block, and log no body of a request or an answer if they are hidden."""
    if mask is no_mask and not hide_bodies:
        yield
        return
    handlers = {handler for name in ("cli", "azure", "az", None) for handler in logging.getLogger(name).handlers}

    def mask_record(record: logging.LogRecord) -> bool:
        if "is_masked" in vars(record):  # by another handler, which got the same record
            return True
        vars(record)["is_masked"] = True
        hidden = hide_bodies and record.name.endswith(POLICY) and not record.args and record.msg not in CAPTIONS
        record.msg, record.args = HIDDEN_BODY if hidden else mask(record.getMessage()), ()
        return True

    for handler in handlers:
        handler.addFilter(mask_record)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(mask_record)


def _values(secret: str) -> Iterator[str]:
    """Yield the texts and numbers inside a secret that is JSON, and of another one what is behind its first `=`."""
    try:
        pending = [json.loads(secret)]
    except (ValueError, RecursionError):
        value = secret.partition("=")[2]
        if value.strip("="):  # else it is what base64 ends with
            yield value
        return
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield str(value)


def _forms(value: str) -> Iterator[str]:
    lines = [line.strip() for line in value.splitlines()]
    for text in {value, value.strip(), *(line for line in lines if len(line) >= LONG_LINE), *_decoded(value)}:
        escaped = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        yield from {text, *escaped, *(json.dumps(one)[1:-1] for one in escaped)}
        if len(text) >= SHORT:
            yield from {quote(text, safe=""), quote(text), quote_plus(text)}
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _decoded(value: str) -> Iterator[str]:
    """Yield the text that a value is the base64 of, as scripts are given to some extensions."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if len(text) >= LONG_LINE and text.replace("\n", "").isprintable():
        yield text


def _pattern(form: str) -> str:
    parts = [re.sub("%[0-9A-F]{2}", r"(?i:\g<0>)", re.escape(part)) for part in re.split(SPACE, form) if part]
    pattern = SPACE.join(parts)
    if form.strip().isdecimal():
        return rf"(?<!\d){pattern}(?!\d)"
    return rf"(?<!\w){pattern}(?!\w)" if len(form) < SHORT else pattern
