"""The questions before an operation that destroys, and between batches."""

from __future__ import annotations

import io
from typing import Any

import pytest
from azure.cli.core.azclierror import NoTTYError

from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.confirmation import ask, question_before, require_terminal
from azext_flexcompare.execution.turn import Batch
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Work
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance

DELETE = next(one for one in operations() if one.name == "delete-instances")


def test_without_a_terminal_the_error_says_what_would_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(NoTTYError, match="needs your confirmation to act on 2 instances of the") as no:
        ask(DELETE, [instance("a"), instance("b", DB)])
    assert no.value.recommendations == ["Use --yes to confirm."]


UNSENT, SENT = Work([instance()], Completed), Work([instance()], Completed, sent=True)


@pytest.mark.parametrize(
    ("batch", "given", "option"),
    [
        (Batch(1, [], [UNSENT]), {"confirm_each": True}, None),
        (Batch(2, [], [UNSENT]), {"confirm_each": True}, "--confirm-each"),
        (Batch(2, [], [SENT]), {"confirm_each": True}, None),
        (Batch(2, [], []), {"confirm_each": True}, None),
        (Batch(2, [], [UNSENT]), {"confirm_after": 1}, "--confirm-after 1"),
        (Batch(3, [], [UNSENT]), {"confirm_after": 1}, None),
        (Batch(2, [], [UNSENT]), {}, None),
    ],
)
def test_a_batch_that_has_not_begun_is_asked_about(batch: Batch, given: dict[str, Any], option: str | None) -> None:
    run_options = RunOptions(**given)
    assert question_before(run_options, batch) == option
    if option is None:
        require_terminal(run_options, [batch])
    else:
        with pytest.raises(NoTTYError, match=option):
            require_terminal(run_options, [batch])
