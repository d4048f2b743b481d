"""``tinygrad-rnn draw``: a picture of a small net in a file, or one line that says why not."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tinygrad_rnn.app.cli import main
from tinygrad_rnn.viz import rendering
from tinygrad_rnn.viz.rendering import NoLayoutProgram, pure_program


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def needs_a_layout_program() -> None:
    try:
        rendering.shutil.which("dot") or pure_program()
    except NoLayoutProgram:
        pytest.skip("there is neither dot nor graphviz-pure")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(("draw", *words))
    return status, *capsys.readouterr()


def nodes(dot: str) -> int:
    return len(re.findall(r"^\s*n\d+ \[", dot, flags=re.MULTILINE))


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_pictures(capsys: pytest.CaptureFixture[str], ending: str) -> None:
    needs_a_layout_program()
    words = ("--cell", "lstm", "--steps", "3", "-o", f"graph.{ending}")
    assert run(capsys, *words) == (0, f"wrote graph.{ending}\n", "")
    content = Path(f"graph.{ending}").read_bytes()
    if ending == "svg":
        classes = [x.get("class") for x in ET.fromstring(content).iter()]
        assert classes.count("node") == 4 + 2 + 3 * 15 + 1 + 1 + 1  # h h is one op, of h twice
    else:
        assert content.startswith({"png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[ending])


@pytest.mark.parametrize(("cell", "ops"), [("rnn", 2), ("lstm", 14), ("gru", 19)])
def test_each_cell_as_text(capsys: pytest.CaptureFixture[str], cell: str, ops: int) -> None:
    assert run(capsys, "--cell", cell, "--steps", "1", "--out", "graph.dot")[0] == 0
    dot = Path("graph.dot").read_text(encoding="utf-8")
    states = 2 if cell == "lstm" else 1
    ones = 1 if cell == "gru" else 0  # of 1 − z
    assert nodes(dot) == 4 + 1 + states + ones + ops + 3  # and stack, h h, sum
    assert "not computed" not in dot
    assert f"label=<{cell}>" in dot


def test_the_defaults_are_an_lstm_of_three_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "-o", "a.dot")[0] == 0
    assert run(capsys, "--cell", "lstm", "--steps", "3", "--seed", "0", "-o", "b.dot")[0] == 0
    assert Path("a.dot").read_bytes() == Path("b.dot").read_bytes()
    assert run(capsys, "--seed", "1", "-o", "c.dot")[0] == 0
    assert Path("a.dot").read_bytes() != Path("c.dot").read_bytes()


def test_rolled_and_folded(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = []
    for steps in ("5", "50"):
        words = ("--steps", steps, "--layers", "2", "--bidirectional", "--rolled", "-o", "g.dot")
        assert run(capsys, *words)[0] == 0
        sizes.append(nodes(Path("g.dot").read_text(encoding="utf-8")))
    assert sizes[0] == sizes[1]
    assert run(capsys, "--steps", "50", "--depth", "1", "-o", "g.dot")[0] == 0
    assert nodes(Path("g.dot").read_text(encoding="utf-8")) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "graph.txt"), "cannot be written as 'graph.txt'; end the name in one of .svg"),
        (("-o", "nowhere/graph.dot"), "graph.dot: cannot write the drawing: No such file"),
        (("--steps", "400", "-o", "g.dot"), "--rolled draws each op once for all steps"),
        (("--steps", "0"), "'0' is not a whole number of at least 1"),
        (("--depth", "0"), "'0' is not a whole number of at least 1"),
        (("--cell", "tree"), "'tree' is not one of rnn, lstm, gru"),
    ],
)
def test_one_line_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert not list(Path().iterdir())


def test_without_a_layout_program_one_line_gives_the_pip_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering.shutil, "which", lambda name, **rest: None)
    status, out, err = run(capsys, "-o", "graph.svg")
    assert (status, out) == (2, "")
    assert 'pip install "tinygrad-rnn[render]"' in err
    assert err.count("\n") == 1
    assert not list(Path().iterdir())
