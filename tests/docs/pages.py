"""A page as a program: its code blocks, what running them prints, its headings and links."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinygrad_rnn

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
PACKAGE = Path(tinygrad_rnn.__file__).parent

FENCED = re.compile(
    r"^(?P<fence>```+)(?P<language>\w*)(?: title=\"(?P<title>[^\"\n]+)\")?\n"
    r"(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
HEADING = re.compile(r"^#+ +(?P<title>.*?) *$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language (may be empty), its text, the line that the text begins at.

    What has a title is the code of another engine, under that engine's name.
    """

    language: str
    title: str | None
    text: str
    line: int
    directly_after: Block | None  # the block before it, if nothing but blank lines is between


def blocks(page: str) -> list[Block]:
    """List the fenced blocks of a page, in order."""
    found: list[Block] = []
    end = 0
    for match in FENCED.finditer(page):
        near = found[-1] if found and not page[end : match.start()].strip() else None
        line = page.count("\n", 0, match.start("text")) + 1
        found.append(Block(match["language"], match["title"], match["text"], line, near))
        end = match.end()
    return found


def run(page: str, file: str, title: str | None = None) -> Iterator[tuple[Block, str, str]]:
    """Run a page from top to bottom: yield each Python block, what it prints, what is shown.

    With a title, the blocks of that title are run, and no others.
    """
    found = blocks(page)
    shown = {b.directly_after: b.text for b in found if b.language == "text" and b.directly_after}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    try:
        for block in found:
            if (block.language, block.title) == ("python", title):
                # Blank lines in front, so that a traceback names the line of the page.
                lines = "\n" * (block.line - 1) + block.text
                code = compile(lines, file, "exec", dont_inherit=True)
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    exec(code, namespace)
                yield block, printed.getvalue(), shown.get(block, "")
    finally:
        if "matplotlib.pyplot" in sys.modules:  # which keeps every figure until it is closed
            sys.modules["matplotlib.pyplot"].close("all")


def commands(page: str) -> Iterator[tuple[list[str], Block]]:
    """Yield the words of every command of ours on a page, with the block that it stands in."""
    for block in blocks(page):
        if block.language == "console":
            for line in block.text.splitlines():
                words = shlex.split(line)
                if words[0] == "tinygrad-rnn":
                    yield words[1:], block


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return FENCED.sub("", page)


def links(page: str) -> list[str]:
    """List the targets of a page's links, in order."""
    return [match["target"] for match in LINK.finditer(prose(page))]


def anchors(page: str) -> set[str]:
    """List the names under which a page's headings can be linked to, as GitHub makes them."""
    titles = (match["title"].lower() for match in HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def file_of(target: str, page: Path) -> Path:
    """Return the file that a link of a page means; the package may be an installed one."""
    file = (page.parent / target).resolve()
    inside = file.relative_to(ROOT.resolve()).parts
    return PACKAGE.joinpath(*inside[1:]) if inside[:1] == (PACKAGE.name,) else file
