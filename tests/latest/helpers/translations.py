"""Scripts before and after `translate`, and what holds for each."""

from __future__ import annotations

import re

from azext_flexcompare.translation.findings import Translation
from azext_flexcompare.translation.kinds import SHELL, Kind
from azext_flexcompare.translation.rewrite import translate
from tests.latest.helpers.az import ROOT

FOLDER = ROOT / "tests" / "latest" / "cli" / "translations"
DEPLOY = FOLDER / "deploy.sh"


def plain(text: str) -> str:
    """Undo by hand what a translation may do."""
    text = re.sub(r"\bvmss-flex\b", "vmss", text).replace(" --yes", "").replace(" invoke", "")
    return text.replace("[0].output", "value[0].message")


def holds(script: str, kind: Kind = SHELL) -> Translation:
    """Check what must be so for every file."""
    done = translate(script, kind)
    assert plain(done.text) == plain(script)
    assert (done.text == script) == (not done.rewritten)
    again = translate(done.text, kind)
    assert (again.text, again.rewritten) == (done.text, [])
    assert [(one.line, one.reason) for one in again.needs_review] == [
        (one.line, one.reason) for one in done.needs_review
    ]
    for one in done.rewritten:
        assert one.before in script
        assert one.after in done.text
        assert one.reason
    for left in done.needs_review:
        assert left.call in script
        assert left.call.splitlines()[0] in script.split("\n")[left.line - 1]
        assert left.reason == left.reason.strip()
    return done
