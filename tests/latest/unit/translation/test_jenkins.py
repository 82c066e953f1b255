"""The `sh` steps of a Jenkins pipeline."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.bash import Output
from azext_flexcompare.translation.jenkins import find_parts


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("sh 'a'; sh \"b\"", ["a", "b"]),
        ("sh('''a\nb''')", ["a\nb"]),
        ("sh(label: 'x', script: 'a')", ["a"]),
        ('sh """a ${b.c} $d \\$e \\\\\nf"""', ["a ${___} $d $e \\\nf"]),
        ("sh 'a\\n'", []),
        ("sh 'a' + b", []),
        ("// sh 'a'", []),
        ("push 'a'; x.sh 'b'", []),
        ("sh \"a ${b['c']}\"", []),
        ("sh 'a\nb'", []),
    ],
)
def test_the_shell_of_a_pipeline_is_that_of_its_steps(text: str, shell: list[str]) -> None:
    assert [one.text for one in find_parts(text).fragments] == shell


@pytest.mark.parametrize(
    "text",
    [
        "sh(script: 'a', returnStdout: true)",
        "sh returnStdout: true, script: 'a'",
        "sh(script: 'a',\n returnStdout : true)",
    ],
)
def test_a_step_that_returns_its_output_is_read(text: str) -> None:
    (fragment,) = find_parts(text).fragments
    assert fragment.output is Output.READ
