"""Where text comes from, what is wrong with a file, and the split."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn
from tinygrad_rnn.data import package_source, read_text, split


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"abc", "abc"),
        ("∂E/∂w — 👩‍🚀\n".encode(), "∂E/∂w — 👩‍🚀\n"),
        (b"\xef\xbb\xbfwith a mark", "with a mark"),
        (b"one\r\ntwo\rthree\n\r\n", "one\ntwo\nthree\n\n"),
        (b" ", " "),
    ],
)
def test_a_file_is_read(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    assert read_text(path) == read_text(str(path)) == text


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (None, FileNotFoundError, ["no such file", "looked for "]),
        (b"", ValueError, ["the file is empty"]),
        (b"\xef\xbb\xbf", ValueError, ["the file is empty"]),
        ("naïve".encode("latin-1"), ValueError, ["byte 0xef at offset 2 (line 1)", "Latin-1"]),
        (b"a\nb\nc\xff", ValueError, ["byte 0xff at offset 5 (line 3)"]),
        (b"\xef\xbb\xbfa\xff", ValueError, ["byte 0xff at offset 4 (line 1)"]),
        ("text".encode("utf-16"), ValueError, ["offset 0", "UTF-16"]),
        (b"PK\0\0\x9c", ValueError, ["byte 0x9c at offset 4", "zero bytes"]),
        ("a cut é".encode()[:-1], ValueError, ["byte 0xc3 at offset 6"]),
    ],
)
def test_what_is_wrong_with_a_file(
    tmp_path: Path, data: bytes | None, error: type[Exception], said: list[str]
) -> None:
    path = tmp_path / "text.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(error) as caught:
        read_text(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n  why: " in message
    assert "\n  fix: " in message
    for part in said:
        assert part in message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="this is a folder"):
        read_text(tmp_path)


@given(st.text(min_size=1), st.floats(0, 1, exclude_max=True))
def test_the_parts_of_a_split_make_up_the_whole(text: str, fraction: float) -> None:
    ids = np.arange(len(text))
    try:
        train, val = split(text, fraction)
    except ValueError:
        held = round(len(text) * fraction)
        assert held == len(text) or (fraction > 0 and held == 0)
        return
    assert train + val == text
    assert train
    assert abs(len(val) - len(text) * fraction) <= 0.5
    assert bool(val) == (fraction > 0)
    train_ids, val_ids = split(ids, fraction)
    assert (len(train_ids), len(val_ids)) == (len(train), len(val))
    assert np.concatenate([train_ids, val_ids]).tolist() == ids.tolist()


@pytest.mark.parametrize(
    ("text", "fraction", "error", "said"),
    [
        ("abc", 1.0, ValueError, r"val_fraction=1\.0"),
        ("abc", -0.1, ValueError, r"val_fraction=-0\.1"),
        ("abc", float("nan"), ValueError, r"val_fraction=nan"),
        ("abc", "0.1", TypeError, r"val_fraction='0\.1'"),
        ("ab", 0.1, ValueError, r"2 characters .* leave 2 for training and 0 for validation"),
        ("ab", 0.9, ValueError, r"leave 0 for training and 2 for validation"),
        ("", 0.0, ValueError, r"0 characters"),
    ],
)
def test_splits_that_make_no_sense(
    text: str, fraction: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        split(text, fraction)


def test_the_package_source_is_all_of_it_in_order() -> None:
    source = package_source()
    package = Path(tinygrad_rnn.__file__).parent
    files = {
        path.relative_to(package).as_posix(): path.read_text(encoding="utf-8")
        for path in package.rglob("*.py")
    }
    assert len(source) == sum(map(len, files.values()))
    at = 0
    for name in sorted(files):
        assert source[at : at + len(files[name])] == files[name], name
        at += len(files[name])
    assert source.startswith(files["__init__.py"])
    assert '"""Return the source of this package' in source


def test_the_package_source_does_not_depend_on_where_one_stands(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import zlib; from tinygrad_rnn.data import package_source\n"
        "print(zlib.crc32(package_source().encode()))"
    )
    root = str(Path(tinygrad_rnn.__file__).parents[1])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, root],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for cwd in (root, tmp_path)
    }
    assert len(outputs) == 1
