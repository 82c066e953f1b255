"""Files that are read, listed and written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.translation.files import list_files, read_text, write_text


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", "utf-8")


def listed(folder: Path) -> list[str]:
    return [Path(name).relative_to(folder).as_posix() for name in list_files([str(folder)])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_written_in_its_encoding_with_its_mode(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.sh"
    path.write_bytes("a\u00e9\r\n".encode(encoding))
    path.chmod(0o754)
    file = read_text(str(path))
    write_text(file, file.text + "b")
    assert path.read_bytes() == "a\u00e9\r\nb".encode(encoding)
    assert path.stat().st_mode & 0o777 == 0o754
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_that_are_no_text_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.sh"
    path.write_bytes(b"\xff\r\n")
    file = read_text(str(path))
    write_text(file, file.text)
    assert path.read_bytes() == b"\xff\r\n"


def test_a_link_that_was_given_stays_a_link(tmp_path: Path) -> None:
    make(tmp_path, "real.sh")
    (tmp_path / "link.sh").symlink_to("real.sh")
    write_text(read_text(str(tmp_path / "link.sh")), "new")
    assert (tmp_path / "link.sh").is_symlink()
    assert (tmp_path / "real.sh").read_text("utf-8") == "new"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a/x.sh")
    file = read_text(str(tmp_path / "a" / "x.sh"))
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(FileOperationError, match=r"Cannot write .*x\.sh"):
        write_text(file, "")


def test_a_folder_is_listed_without_hidden_folders_and_links(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    make(folder, "b.sh", "a/c.sh", ".github/workflows/d.yml", ".venv/e.sh", "node_modules/f.sh")
    make(tmp_path, "out/g.sh")
    (folder / "g.sh").symlink_to(tmp_path / "out" / "g.sh")
    (folder / "out").symlink_to(tmp_path / "out")
    assert listed(folder) == [".github/workflows/d.yml", "a/c.sh", "b.sh"]


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    make(tmp_path, "a.sh", "b/c.sh", "b/ignored.sh", ".hidden/d.sh")
    (tmp_path / ".gitignore").write_text("ignored.sh\n", "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "b" / "out").symlink_to(tmp_path / "out")
    assert listed(tmp_path) == [".gitignore", ".hidden/d.sh", "a.sh", "b/c.sh"]
    assert [Path(name).name for name in list_files([str(tmp_path / "b")])] == ["c.sh"]


def test_a_repository_cannot_run_a_program_by_its_settings(tmp_path: Path) -> None:
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    make(tmp_path, "a.sh")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "config", "core.fsmonitor", f"touch {tmp_path}/ran; false"], cwd=tmp_path, check=True)
    assert listed(tmp_path) == ["a.sh"]
    assert not (tmp_path / "ran").exists()


def test_a_path_is_listed_once_and_must_exist(tmp_path: Path) -> None:
    make(tmp_path, "a.sh")
    assert list_files([str(tmp_path / "a.sh"), str(tmp_path)]) == [str(tmp_path / "a.sh")]
    with pytest.raises(FileOperationError, match="does not exist"):
        list_files([str(tmp_path / "missing")])
