from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from tinygrad_rnn.app.atomic_write import write_atomically


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    write_atomically(path, b"one")
    write_atomically(path, b"two, longer")
    write_atomically(path, b"3")
    assert path.read_bytes() == b"3"
    assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "weights"
    write_atomically(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


def test_ctrl_c_in_the_middle_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "weights", b"old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "weights", b"new")
    monkeypatch.undo()
    assert (tmp_path / "weights").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere no folder is flushed")
@pytest.mark.parametrize(("number", "refused"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_disk_that_flushes_no_folders_is_good_enough_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, refused: bool
) -> None:
    fsync = os.fsync

    def no_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", no_folders)
    with pytest.raises(OSError) if refused else nullcontext():
        write_atomically(tmp_path / "weights", b"new")
    assert (tmp_path / "weights").read_bytes() == b"new"


def test_content_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    write_atomically(path, b"old")
    events = []
    fsync, replace = os.fsync, os.replace

    def seen_fsync(handle: int) -> None:
        events.append(("fsync", path.read_bytes(), (tmp_path / "weights.part").exists()))
        fsync(handle)

    def seen_replace(source: Path, target: Path) -> None:
        events.append(("replace", Path(source).read_bytes(), True))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "replace", seen_replace)
    write_atomically(path, b"new")
    folder = [("fsync", b"new", False)] if os.name == "posix" else []
    assert events == [("fsync", b"old", True), ("replace", b"new", True), *folder]


def test_what_a_killed_process_left_behind_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "weights.part").write_bytes(b"half a file, longer than the new one")
    write_atomically(tmp_path / "weights", b"whole")
    assert (tmp_path / "weights").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["weights"]


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "gone" / "weights", b"x")
