"""What README promises beyond its code: short first lines, two commands, the command line."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.docs.pages import README, ROOT, Block, blocks, commands, prose
from tinygrad_rnn import app
from tinygrad_rnn.app.arguments import parser
from tinygrad_rnn.app.cli import main

TEXT = README.read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
SETUP = [
    'python3 -m venv .venv && .venv/bin/pip install ".[all]" && .venv/bin/tinygrad-rnn train',
    'python3 -m venv .venv && .venv/bin/pip install -e ".[all,test]" && .venv/bin/python -m pytest',
]
# The same commands on less: what they print keeps its form.
SMALLER = {"train": ["--steps", "4", "--sample-every", "2", "--hidden", "8"], "check": []}
NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]\d+)?")


def shown_below(block: Block) -> list[str]:
    """List the lines of the output that is shown below a block."""
    return next(b.text for b in blocks(TEXT) if b.directly_after == block).splitlines()


def form(line: str) -> str:
    """Return a line of output without its numbers, and without what depends on them."""
    masked = " ".join(NUMBER.sub("#", line).split())
    return masked.replace("is not better yet", "is better").replace("[#, #]", "[#]")


def test_the_first_program_has_at_most_twelve_lines_and_ends_in_a_comparison() -> None:
    first = next(block for block in blocks(TEXT) if block.language == "python")
    lines = first.text.splitlines()
    assert len(lines) <= 12
    assert "finite differences" in lines[-1]
    assert TEXT.index(first.text) < TEXT.index(SETUP[0])


def test_what_it_is_takes_one_sentence() -> None:
    title, sentence, _ = TEXT.split("\n\n", 2)
    assert title == "# tinygrad_rnn"
    assert len(re.findall(r"[.!?](\s|$)", sentence)) == 1


def test_the_two_commands_stand_there_word_for_word_and_for_windows() -> None:
    lines = TEXT.splitlines()
    for command in SETUP:
        assert lines.count(command) == 1
        windows = command.replace("python3 ", "py ").replace("bin/", "Scripts/")
        assert windows.replace("/", "\\") in lines


def test_what_the_two_commands_name_exists() -> None:
    for extra in ("all", "test"):
        assert re.search(rf"^{extra} = \[", PYPROJECT, re.MULTILINE)
    script = re.search(r'^tinygrad-rnn = "(.+):(.+)"$', PYPROJECT, re.MULTILINE)
    assert script is not None
    assert getattr(importlib.import_module(script[1]), script[2]) is main


def test_every_command_on_the_page_has_the_options_that_it_names() -> None:
    words = [words for words, _ in commands(TEXT)]
    assert {w[0] for w in words} == {"train", "sample", "check", "plot"}
    for each in words:
        assert parser("").parse_args(each).command == each[0]


def test_every_command_in_the_text_has_the_options_that_it_names() -> None:
    named = re.findall(r"`tinygrad-rnn ([^`]+)`", prose(TEXT))
    assert len(named) > 4
    for words in map(shlex.split, named):
        if "--help" not in words:
            assert parser("").parse_args(words).command == words[0]


def test_the_commands_print_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    printed: dict[Block, str] = {}
    for words, block in commands(TEXT):
        if any("book" in word for word in words):
            continue  # a text of the reader's own
        assert main([*words, *SMALLER.get(words[0], [])]) == 0, words
        out = capsys.readouterr().out
        if words[0] == "sample":
            prime = words[words.index("--prime") + 1]
            assert out.startswith(prime)
            assert shown_below(block)[0].startswith(prime)
        else:
            printed[block] = printed.get(block, "") + out
    for block, text in printed.items():
        forms = {form(line) for line in text.splitlines()}
        for line in shown_below(block):
            if line != "…" and not line.startswith("    "):  # but for what the net has written
                assert form(line) in forms, line

    # And what loads in Python what the command has trained.
    load = re.search(r"`model = tinygrad_rnn\.app\.(load\(.*?\))`", TEXT)
    write = re.search(r"`(model\.sample\(.*?\))`", TEXT)
    assert load is not None
    assert write is not None
    model = eval(load[1], {"load": app.load})
    text = eval(write[1], {"model": model, "rng": np.random.default_rng(0)})
    assert text.startswith("def ")
    assert len(text) == len("def ") + 80
