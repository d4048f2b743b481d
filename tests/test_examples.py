"""Every example runs, at small size, and prints what it promises."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

Capture = pytest.CaptureFixture[str]


def run(
    name: str, *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Run an example as ``python examples/name words`` does; return what it printed."""
    monkeypatch.setattr(sys, "argv", [name, *words])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_every_example_is_run_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.name for path in EXAMPLES.glob("*.py")]
    assert len(names) >= 3
    assert [name for name in names if f'"{name}"' not in source] == []


def test_first_expression_prints_micrograds_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = run("first_expression.py", monkeypatch=monkeypatch, capsys=capsys)
    assert [line.split()[-1] for line in out.splitlines()] == [
        *("24.7041", "138.8338", "645.5773"),  # as printed in micrograd's README
        *("138.8338", "645.5773"),
    ]


def test_rnn_by_hand_shows_the_same_gradients(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = run("rnn_by_hand.py", monkeypatch=monkeypatch, capsys=capsys)
    by_hand, autodiff = (line.partition("[ ")[2] for line in out.splitlines()[2:4])
    assert by_hand == autodiff != ""
    assert len(re.findall(r"^(W_xh|W_hh|b_h|W_hy|b_y) .* ok$", out, re.MULTILINE)) == 10
    assert out.count("all 5 agree to within 1e-08, relative") == 2


def test_character_model_learns_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    options = ("--steps", "60", "--hidden", "32")
    out = run("character_model.py", *options, monkeypatch=monkeypatch, capsys=capsys)
    losses = [float(x) for x in re.findall(r"^step \d+: loss (\d\.\d+)", out, re.MULTILINE)]
    assert len(losses) == 2 and max(losses) < 4.0  # by chance it would be log 150, which is 5.0
    found = re.search(r"^validation (\d\.\d+), a bigram model (\d\.\d+) nats", out, re.MULTILINE)
    assert found and float(found[1]) < 3.5 and 2.0 < float(found[2]) < 3.0
    sample = out[out.index("\ndef ") + 1 :]
    assert len(sample) == 301

    (tmp_path / "tale.txt").write_text("def once upon a time\n" * 200, encoding="utf-8")
    words = (str(tmp_path / "tale.txt"), *options)
    out = run("character_model.py", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert float(re.findall(r"^step 60: loss (\d\.\d+)", out, re.MULTILINE)[0]) < 2.0


def test_the_character_model_is_under_60_lines() -> None:
    lines = (EXAMPLES / "character_model.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
