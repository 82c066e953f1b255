"""The arguments of an invocation, kept for advice that repeats them."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.arm.typed import keep_typed, typed


def test_the_arguments_of_the_latest_invocation_are_kept(cli_ctx: Any) -> None:
    assert typed(cli_ctx) == []
    keep_typed(cli_ctx, ("vmss-flex", "show"))
    keep_typed(cli_ctx, ["vmss-flex", "restart", "-g", "rg"])
    assert typed(cli_ctx) == ["vmss-flex", "restart", "-g", "rg"]
