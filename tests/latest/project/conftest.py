"""A quick `az` for the shell commands of documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.latest.helpers.az import IMPATIENT
from tests.latest.helpers.warm_shell import WarmShell


@pytest.fixture(scope="session")
def shell(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmShell]:
    """Run shell commands with an `az` that starts quickly."""
    with WarmShell(environment, tmp_path_factory.mktemp("shell"), IMPATIENT) as shell:
        yield shell
