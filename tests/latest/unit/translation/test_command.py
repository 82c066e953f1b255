"""`translate` of a file or of standard input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError
from knack.cli import CLI
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_flexcompare.translation.command import translate_file, translate_paths

REWRITTEN = b"az vmss reimage -g rg -n web --instance-ids a\n"
NEEDS_REVIEW = b"az vmss encryption show --ids $x\n"


@pytest.fixture
def cli(tmp_path: Path) -> CLI:
    return CLI("test", str(tmp_path), "TEST", out_file=io.StringIO())


def test_bytes_that_are_not_rewritten_are_printed_as_they_are(
    cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    script = b"\xff\r\n" + REWRITTEN
    (tmp_path / "x.sh").write_bytes(script)
    translate_file(cli, str(tmp_path / "x.sh"), diff=False)
    assert capfdbinary.readouterr().out == script.replace(b"vmss reimage", b"vmss-flex reimage --yes")
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_and_the_encoding_are_kept(
    encoding: str, cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "x.sh").write_bytes(REWRITTEN.decode().encode(encoding))
    translate_file(cli, str(tmp_path / "x.sh"), diff=False)
    printed = capfdbinary.readouterr().out
    assert printed.decode(encoding) == REWRITTEN.decode().replace("vmss reimage", "vmss-flex reimage --yes")
    assert printed.startswith(b"\xef\xbb\xbf" if encoding == "utf-8-sig" else (b"\xff\xfe", b"\xfe\xff"))


def test_a_file_that_is_not_in_its_encoding_is_refused(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileOperationError, match="UTF-16"):
        translate_file(cli, str(tmp_path / "x.sh"), diff=False)


def test_a_diff_names_the_file(cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "x.sh"
    file.write_bytes(REWRITTEN)
    translate_file(cli, str(file), diff=True)
    printed = capfdbinary.readouterr().out
    assert str(file).encode() in printed
    assert b"\n-" + REWRITTEN in printed


def test_a_call_that_needs_a_person_is_told_with_its_line_and_leaves_with_4(
    cli: CLI, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "x.sh"
    file.write_bytes(b"echo\n" + NEEDS_REVIEW)
    translate_file(cli, str(file), diff=False)
    assert caplog.messages[0].startswith(f"{file}:2: az vmss encryption show --ids $x: ")
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    assert left.value.code == 4


@pytest.mark.parametrize("name", [".", "missing.sh"])
def test_a_file_that_cannot_be_read_is_named(name: str, cli: CLI, tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="Cannot read"):
        translate_file(cli, str(tmp_path / name), diff=False)


def test_a_file_of_a_known_kind_is_read_as_such(
    cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "x.ps1").write_bytes(REWRITTEN)
    translate_file(cli, str(tmp_path / "x.ps1"), diff=False)
    assert capfdbinary.readouterr().out == REWRITTEN
    assert "PowerShell" in caplog.text


def test_the_inventory_of_a_folder_leaves_binary_files_and_others_out(
    cli: CLI, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.sh").write_bytes(REWRITTEN)
    (tmp_path / "b.sh").write_bytes(REWRITTEN + b"\0")
    (tmp_path / "c.sh").write_bytes(b"az $X y\n")
    (tmp_path / "d.sh").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "readme").write_bytes(REWRITTEN)
    rows = translate_paths(cli, [str(tmp_path), str(tmp_path / "readme")], diff=False, write=False)
    assert rows
    assert [Path(place).name for row in rows for place in row["places"]] == ["a.sh:1", "readme:1"]
    assert "d.sh" in caplog.text
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    assert left.value.code == 4
    assert "2 calls in 2 files: 0 can stay, 2 can be rewritten" in caplog.text


def test_what_is_proven_is_written_after_its_diff_was_shown(
    cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "a.sh"
    file.write_bytes(b"\xff\r\n" + REWRITTEN)
    rows = translate_paths(cli, [str(tmp_path)], diff=False, write=True)
    assert rows
    assert file.read_bytes() == b"\xff\r\n" + REWRITTEN.replace(b"vmss reimage", b"vmss-flex reimage --yes")
    shown = capfdbinary.readouterr()
    assert b"\n-" + REWRITTEN in shown.err
    assert not shown.out
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)


def test_the_diff_of_several_files_replaces_the_inventory(
    cli: CLI, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in ("a.sh", "b.sh"):
        (tmp_path / name).write_bytes(REWRITTEN)
    assert translate_paths(cli, [str(tmp_path)], diff=True, write=False) is None
    assert capfdbinary.readouterr().out.count(b"\n-" + REWRITTEN) == 2
    assert (tmp_path / "a.sh").read_bytes() == REWRITTEN


def test_a_call_in_a_loop_is_advised_about(cli: CLI, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.sh").write_bytes(b"for i in a; do az vmss stop -g rg -n web --instance-ids $i; done\n")
    translate_file(cli, str(tmp_path / "a.sh"), diff=False)
    assert "a loop is not needed" in caplog.text
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
