"""Two processes never train in the same folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.small import TEXT
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.run_lock import FolderBusy, RunLock

HOLDER = """
import sys; from pathlib import Path; from tinygrad_rnn.app.run_lock import RunLock
lock = RunLock(Path(sys.argv[1])); print("held", flush=True); sys.stdin.read()
"""
SMALL = ["--hidden", "6", "--batch-size", "3", "--seq-length", "7", "--quiet"]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder ``run``, in which a run has made two steps."""
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    words = ["train", str(tmp_path / "tale.txt"), *SMALL, "--steps", "2", "--out"]
    assert main([*words, str(tmp_path / "run")]) == 0
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_is_held_by_one_process_until_it_dies(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(FolderBusy, match=f"^{tmp_path / 'run'}: another process is training"):
        RunLock(tmp_path / "run")
    holder.kill()
    holder.wait()
    RunLock(tmp_path / "run").release()


def test_a_run_in_a_folder_that_is_held_is_refused_and_changes_nothing(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    files = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert main(["train", "--resume", str(tmp_path / "run"), "--steps", "5", "--quiet"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "wait until it has ended, or choose another --out" in line
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == files
    # Its checkpoint may be read all the same, and gone on with elsewhere.
    resume = ["train", "--resume", str(tmp_path / "run"), "--steps", "5", "--quiet"]
    assert main([*resume, "--out", str(tmp_path / "other")]) == 0
    holder.kill()
    holder.wait()
    assert main(["train", "--resume", str(tmp_path / "run"), "--steps", "5", "--quiet"]) == 0


def test_a_new_run_in_an_empty_folder_that_is_held_is_refused(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    words = ["train", str(tmp_path / "tale.txt"), *SMALL, "--steps", "1"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    assert "another process is training in this folder" in capsys.readouterr().err
    assert list((tmp_path / "run").iterdir()) == []


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RunLock(tmp_path / "gone")


@pytest.mark.skipif(os.name != "posix", reason="Windows locks a file in the folder")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        assert list(tmp_path.iterdir()) == []
    RunLock(tmp_path).release()


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX's")
def test_a_file_system_without_locks_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with RunLock(tmp_path), RunLock(tmp_path):
        pass
