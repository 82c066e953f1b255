"""The outputs of a script in a table."""

from __future__ import annotations

import pytest

from azext_flexcompare.output.output_groups import grouped_outputs

CODE = {"code": "Conflict", "message": "m"}


def row(name: str = "a", **known: object) -> dict[str, object]:
    return {"instance": name, "status": "Succeeded", "output": None, "error": None, "reason": None, **known}


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (
            {"output": "Enable succeeded: \n[stdout]\n x\ty\n\n[stderr]\n", "stdout": " x\ty\n\n", "stderr": ""},
            " x      y",
        ),
        ({"output": "raw", "stdout": "out\n", "stderr": "err\n"}, "out\nerr"),
        ({"output": "raw\n"}, "raw"),
        ({"output": "raw", "stdout": "", "stderr": "", "error": CODE}, "Conflict"),
        ({"error": CODE}, "Conflict"),
        ({"reason": "no turn"}, "no turn"),
        ({}, ""),
    ],
)
def test_the_output_is_what_the_script_printed_or_why_there_is_none(known: dict[str, object], text: str) -> None:
    assert [line["Output"] for line in grouped_outputs([row(**known)], 80)] == [text]


def test_the_names_take_what_the_output_leaves() -> None:
    names = [row("n" * 30, output="x" * 30), row("m" * 30, output="x" * 30)]
    assert [len(grouped_outputs(names, width)[0]["Named"]) for width in (60, 90, 120)] == [20, 32, 62]


def test_equal_outputs_of_one_status_are_one_line_with_its_names() -> None:
    rows = [
        row("a", output="x"),
        row("b" * 40, output="y" * 60),
        row("c", output="x"),
        row("d", output="x", status="! Failed"),
    ]
    lines = grouped_outputs(rows, 60)
    assert [(one["Instances"], one["Status"], one["Named"]) for one in lines] == [
        ("2", "Succeeded", "a, c"),
        ("1", "Succeeded", "b" * 19 + "…"),
        ("1", "! Failed", "d"),
    ]
