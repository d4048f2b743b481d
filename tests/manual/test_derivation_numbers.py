"""The numbered lines of the code and of the derivation page are the same lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tinygrad_rnn import manual

FOLDER = Path(manual.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "derivation.md"
FILES = {
    "N": "nonlinear",
    "C": "cross_entropy",
    "R": "rnn",
    "L": "lstm",
    "G": "gru",
    "S": "sequence",
    "M": "language_model",
}

NUMBER = re.compile(r"\(([A-Z]\d+)\)")
CODE_LINE = re.compile(r"^\s*(?P<line>\S.*?)  # \((?P<number>[A-Z]\d+)\)", re.MULTILINE)
PAGE_LINE = re.compile(r"^\((?P<number>[A-Z]\d+)\)\s+(?P<line>.*)$", re.MULTILINE)
# What a line assigns to, type annotations aside: "dc =", "total +=", "a_i, a_f, a_g, a_o =".
ASSIGNS = re.compile(r"^(?P<target>[\w*][\w\s,*\[\]]*?)(?:: [\w.]+)? (?P<operator>[-+*/]?=) ")


def code_lines() -> Iterator[tuple[str, str, str]]:
    """Yield (module, number, line) for every numbered line of the code."""
    for path in sorted(FOLDER.glob("*.py")):
        for match in CODE_LINE.finditer(path.read_text(encoding="utf-8")):
            yield path.stem, match["number"], match["line"]


def page_lines() -> list[tuple[str, str]]:
    """Return (number, line) for every numbered line of the page's formula blocks."""
    text = PAGE.read_text(encoding="utf-8")
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in fences if not language]
    return [(m["number"], m["line"]) for block in blocks for m in PAGE_LINE.finditer(block)]


def in_order(numbers: list[str]) -> list[str]:
    """Return what the numbers of one letter ought to be: 1, 2, 3, ... without a gap."""
    return [f"{numbers[0][0]}{k}" for k in range(1, len(numbers) + 1)]


def test_every_letter_is_numbered_without_a_gap_in_its_own_file_and_on_the_page() -> None:
    code, page = list(code_lines()), page_lines()
    assert {number[0] for _, number, _ in code} == set(FILES)
    for letter, file in FILES.items():
        in_code = [number for _, number, _ in code if number[0] == letter]
        on_page = [number for number, _ in page if number[0] == letter]
        assert {module for module, number, _ in code if number[0] == letter} == {file}
        assert in_code == in_order(in_code)
        assert on_page == in_code


def test_lines_of_one_number_assign_the_same_variable() -> None:
    page, compared = dict(page_lines()), 0
    for module, number, line in code_lines():
        in_code, on_page = ASSIGNS.match(line), ASSIGNS.match(page[number])
        if in_code is None:
            assert line.startswith(("for ", "np.add.at(")), (module, number, line)
            continue
        assert on_page is not None, (number, page[number])
        assert on_page.group("target", "operator") == in_code.group("target", "operator"), number
        compared += 1
    assert compared > 80


def test_every_number_that_is_mentioned_exists() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    texts[PAGE.name] = PAGE.read_text(encoding="utf-8")
    known = {number for number, _ in page_lines()}
    for name, text in texts.items():
        assert set(NUMBER.findall(text)) <= known, name


def test_every_step_of_the_way_back_is_numbered() -> None:
    # Each line of step_backward that computes something is a line of the derivation.
    for cell in ("rnn", "lstm", "gru"):
        source = (FOLDER / f"{cell}.py").read_text(encoding="utf-8")
        body = source.split("def step_backward(")[1].split('"""')[2].split("\n    return ")[0]
        for line in filter(str.strip, body.splitlines()):
            assert NUMBER.search(line) or line.endswith("= saved"), line
