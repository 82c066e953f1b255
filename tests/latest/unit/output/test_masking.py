"""Secrets in texts and in the log of the CLI."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.output.masking import MASK, make_masker, masked_logging


@given(st.text('ab"\\', min_size=1), st.text("xyz"), st.text("xyz"))
def test_every_text_loses_its_secret_and_nothing_else(secret: str, before: str, after: str) -> None:
    assert make_masker([secret])(before + secret + after) == before + MASK + after


def test_logging_is_as_before_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("cli.test")
    with masked_logging(make_masker(["s3cr3t"])):
        logger.warning("a %s b", "s3cr3t")
    logger.warning("a %s b", "s3cr3t")
    assert caplog.messages == [f"a {MASK} b", "a s3cr3t b"]


@pytest.mark.parametrize(("secrets", "masked"), [([], False), ([""], False), (["s3cr3t"], True)])
def test_where_there_is_no_secret_logging_is_left_alone(
    secrets: list[str], masked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with masked_logging(make_masker(secrets)):
        logging.getLogger("cli.test").warning("a %s b", "s3cr3t")
    assert (caplog.records[0].args == ()) is masked
