from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tinygrad_rnn.app.run_folder import chosen_folder, fresh_folder


def test_every_run_gets_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    day = date(2026, 5, 17)
    names = [fresh_folder(cell, day).as_posix() for cell in ("lstm", "lstm", "gru", "lstm")]
    assert names == [
        "runs/2026-05-17-lstm-1",
        "runs/2026-05-17-lstm-2",
        "runs/2026-05-17-gru-1",
        "runs/2026-05-17-lstm-3",
    ]
    assert all(Path(name).is_dir() for name in names)
    assert date.today().isoformat() in fresh_folder("rnn").name


def test_a_chosen_folder_is_made_or_used_if_no_run_is_in_it(tmp_path: Path) -> None:
    new = tmp_path / "a" / "b"
    assert chosen_folder(new) == new and new.is_dir()
    (new / "notes.txt").write_text("mine")
    assert chosen_folder(str(new)) == new
    assert (new / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "curve.csv", "curve.png"])
def test_another_run_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(FileExistsError, match="there is a run in this folder already"):
        chosen_folder(tmp_path)
    assert (tmp_path / name).read_text() == "precious"


def test_an_empty_name_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="--out is empty"):
        chosen_folder("")


def test_a_file_in_the_way_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError):
        chosen_folder(tmp_path / "file")
    with pytest.raises(OSError):
        chosen_folder(tmp_path / "file" / "below")
