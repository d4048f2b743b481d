from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tinygrad_rnn import data
from tinygrad_rnn.app.source import Source, open_source


def test_a_file_is_known_by_its_full_path_and_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tale.txt").write_text("Es wär einmal\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    text, source = open_source("tale.txt")
    assert text == "Es wär einmal\n"
    digest = hashlib.sha256("Es wär einmal\n".encode()).hexdigest()
    assert source == Source(str(tmp_path / "tale.txt"), 14, digest)
    assert source.title == str(tmp_path / "tale.txt")


def test_without_a_file_it_is_the_source_code() -> None:
    text, source = open_source(None)
    assert text == data.package_source()
    assert source.path == "" and "source code" in source.title
    assert source.characters == len(text) > 100_000


def test_an_empty_name_is_no_file() -> None:
    with pytest.raises(IsADirectoryError):
        open_source("")


def test_the_same_text_in_another_place_is_the_same_and_a_changed_one_is_not() -> None:
    first = Source.of("abc", "/here")
    first.check(Source.of("abc", "/there"))
    with pytest.raises(ValueError, match=r"^/there: not the text that this run began with"):
        first.check(Source.of("abd", "/there"))
