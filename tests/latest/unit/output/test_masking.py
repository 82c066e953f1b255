"""Secrets in texts and in the log of the CLI."""

from __future__ import annotations

import base64
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.output.masking import (
    HIDDEN_BODY,
    MASK,
    POLICY,
    make_masker,
    mask_error,
    masked_logging,
    withhold_message,
)
from azext_flexcompare.scheduler.outcome import Error

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n"
ODD = 'pass"word\\with ü & more'


@given(st.text('ab"\\', min_size=4), st.text("xyz"), st.text("xyz"))
def test_every_text_loses_its_secret_and_nothing_else(secret: str, before: str, after: str) -> None:
    assert make_masker([secret])(before + secret + after) == before + MASK + after


@pytest.mark.parametrize(
    "form",
    [
        ODD,
        json.dumps(ODD),
        json.dumps(ODD, ensure_ascii=False),
        json.dumps(json.dumps(ODD)),
        quote(ODD),
        quote(ODD, safe=""),
        quote_plus(ODD),
        quote_plus(ODD).replace("%C3%BC", "%c3%bc").replace("%22", "%22"),
        base64.b64encode(ODD.encode()).decode(),
        base64.urlsafe_b64encode(ODD.encode()).decode(),
    ],
)
@pytest.mark.parametrize("given", [ODD, json.dumps({"nested": [{"password": ODD}]}), f"password={ODD}"])
def test_a_secret_is_masked_in_every_form(given: str, form: str) -> None:
    masked = make_masker([given])(f"I do not like {form}.")
    assert MASK in masked
    assert not any(part in masked for part in ("pass", "word", "with", base64.b64encode(ODD.encode()).decode()[:20]))


@pytest.mark.parametrize(
    "form",
    [PEM, " ".join(PEM.split()), json.dumps(PEM), PEM.replace("\n", "\r\n"), PEM.splitlines()[1], PEM.strip()],
)
@pytest.mark.parametrize("given", [PEM, json.dumps({"key": PEM})])
def test_a_secret_of_several_lines_is_masked_folded_and_in_part(given: str, form: str) -> None:
    masked = make_masker([given])(f"The key {form} is not valid.")
    assert "MIIE" not in masked
    assert "AQEF" not in masked
    assert "is not valid." in masked


@pytest.mark.parametrize("form", ["90210777", '"90210777"', '{"pin": 90210777}'])
def test_a_number_is_a_secret_too(form: str) -> None:
    assert "90210777" not in make_masker(['{"pin":90210777}'])(form)


def test_the_text_inside_base64_is_a_secret_too() -> None:
    given = json.dumps({"script": base64.b64encode(b"echo my-password").decode()})
    assert make_masker([given])("sh: echo my-password: not found") == f"sh: {MASK}: not found"


@pytest.mark.parametrize(
    ("secret", "text", "masked"),
    [
        ("e", "The extension failed.", "The extension failed."),
        ("e", "Not e.", f"Not {MASK}."),
        ("12", "12 of 120", f"{MASK} of 120"),
        ("1024", "1024 of 10240", f"{MASK} of 10240"),
        ("abc", "abcd abc", f"abcd {MASK}"),
    ],
)
def test_a_short_value_masks_only_itself(secret: str, text: str, masked: str) -> None:
    assert make_masker([secret])(text) == masked


@pytest.mark.parametrize("name", ["my-key", "my.key", "a b", "", "https://x/y?sig"])
def test_what_is_behind_the_first_equals_sign_is_a_secret_whatever_the_name(name: str) -> None:
    assert make_masker([f"{name}=S3cret=x"])("I do not like S3cret=x.") == f"I do not like {MASK}."


def test_the_end_of_base64_is_no_secret() -> None:
    assert make_masker(["bm8gdGV4dA=="])("a = b") == "a = b"


def test_true_false_and_null_are_no_secrets() -> None:
    assert make_masker(['{"a": true, "b": null, "c": "value-c"}'])("true, None, value-c") == f"true, None, {MASK}"


def test_a_code_is_masked_as_well_as_a_message() -> None:
    assert mask_error(Error("s3cr3t", "It is s3cr3t."), make_masker(["s3cr3t"])) == Error(MASK, f"It is {MASK}.")


@pytest.mark.parametrize(
    ("code", "kept"), [("BadRequest", "BadRequest"), ("a/b.c", "a/b.c"), ("my secret", MASK), ("x" * 200, MASK)]
)
def test_a_message_that_may_repeat_unknown_secrets_is_withheld(code: str, kept: str) -> None:
    found = withhold_message(Error(code, "I do not like s3cr3t."), ["--protected-settings"])
    assert found.code == kept
    assert "s3cr3t" not in found.message
    assert "--protected-settings" in found.message


def test_logging_is_as_before_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("cli.test")
    with masked_logging(make_masker(["s3cr3t"])):
        logger.warning("a %s b", "s3cr3t")
    logger.warning("a %s b", "s3cr3t")
    assert caplog.messages == [f"a {MASK} b", "a s3cr3t b"]


def test_bodies_are_hidden_and_their_captions_are_not(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger(f"cli.{POLICY}")
    with masked_logging(str, hide_bodies=True):
        logger.warning("Request body:")
        logger.warning('{"properties": {}}')
        logger.warning("Request URL: %r", "https://x")
    assert caplog.messages == ["Request body:", HIDDEN_BODY, "Request URL: 'https://x'"]


@pytest.mark.parametrize(("secrets", "masked"), [([], False), ([""], False), (["s3cr3t"], True)])
def test_where_there_is_no_secret_logging_is_left_alone(
    secrets: list[str], masked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with masked_logging(make_masker(secrets)):
        logging.getLogger("cli.test").warning("a %s b", "s3cr3t")
    assert (caplog.records[0].args == ()) is masked
