"""The report of several job logs."""

from __future__ import annotations

import json
from pathlib import Path

from azext_flexcompare.html_report.page import write_report
from azext_flexcompare.html_report.parts import part_table, read_parts
from tests.latest.helpers.report_logs import Parsed, ended, plan, planned, said


def two_logs(folder: Path) -> list[str]:
    paths = []
    for number, names in enumerate(("ab", "c"), 1):
        records = [
            plan(*map(planned, names), when=number, choice={"shard": f"{number}/2"}, batches=1),
            *(said("intent", number + 1, name) for name in names),
            *(ended(name, "Succeeded", number + 1, number + 4) for name in names),
            said("end", number + 5, exit=0),
        ]
        path = folder / f"{number}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        paths.append(str(path))
    return paths


def test_two_logs_are_one_page_with_a_table_of_the_runs(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = write_report(two_logs(tmp_path), str(page))
    assert (told["instances"], told["statuses"], told["exit"]) == (3, {"Succeeded": 3}, 0)
    read = Parsed(page.read_text("utf-8"))
    assert sorted(read.instances()) == ["a", "b", "c"]
    runs = [row for row in read.rows if row[0] in ("1", "2") and "/2" in row[1]]
    assert [(row[0], row[1], row[2], row[6]) for row in runs] == [("1", "1/2", "2", "0"), ("2", "2/2", "1", "0")]
    assert "1.jsonl, 2.jsonl" in read.said


def test_one_log_named_twice_is_one_run_without_such_a_table(tmp_path: Path) -> None:
    first, _ = two_logs(tmp_path)
    assert write_report([first, first], str(tmp_path / "page.html"))["instances"] == 2
    run, parts = read_parts([first])
    assert (len(run.instances), part_table(parts)) == (2, None)
