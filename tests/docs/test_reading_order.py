"""The reading order leads through as many files as it says, and names what is in them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import ROOT, file_of, links, prose

PAGE = ROOT / "docs" / "reading-order.md"
STEP = re.compile(r"^## (?P<number>\d+)\. \[.+?\]\((?P<file>.+?)\): (?P<question>.+\?)$", re.M)
NAME = re.compile(r"`([A-Za-z_][\w.]*)(?:\(\))?`")


def sections() -> list[str]:
    """Return the page's sections that lead through a file, in order."""
    parts = re.split(r"^(?=## )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [part for part in parts if STEP.match(part)]


def step_files() -> list[Path]:
    """Return the files in the order of reading."""
    return [file_of(m["file"], PAGE) for m in map(STEP.match, sections()) if m]


def test_eleven_files_each_with_a_question_and_under_two_thousand_lines() -> None:
    numbers = [int(m["number"]) for m in map(STEP.match, sections()) if m]
    assert numbers == list(range(1, 12))
    lines = sum(len(f.read_text(encoding="utf-8").splitlines()) for f in step_files())
    assert 1000 < lines < 2000


def test_what_a_section_names_is_in_the_files_that_it_links_to() -> None:
    found = 0
    for section in sections():
        files = [file_of(link.partition("#")[0], PAGE) for link in links(section)]
        code = "\n".join(f.read_text(encoding="utf-8") for f in files if f.is_file())
        for name in NAME.findall(prose(section)):
            assert name.rpartition(".")[2] in code, (section.splitlines()[0], name)
            found += 1
    assert found > 22
