"""docs/mistakes.md: each mistake has a program that makes it, what is seen, its cause and its fix.

That the programs print what is shown, `test_pages` sees to.
"""

from __future__ import annotations

import builtins
import re

import pytest

import tinygrad_rnn as tg
from tests.docs.pages import ROOT, blocks, prose, run
from tinygrad_rnn.engine import errors

PAGE = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^### (?P<number>\d+)\. (?P<title>.+)$", re.MULTILINE)
SEEN = re.compile(r"^(?P<kind>\w+(?:Error|Warning)): (?P<what>.+)$", re.MULTILINE)


def entries(page: str) -> dict[str, str]:
    """Split a page into its numbered entries, from title to text."""
    found = list(ENTRY.finditer(page))
    ends = [match.start() for match in found[1:]]
    last = page.find("\n## ", found[-1].start()) if found else -1
    ends.append(last if last > 0 else len(page))
    return {
        f"{match['number']}. {match['title']}": page[match.end() : end].partition("\n## ")[0]
        for match, end in zip(found, ends, strict=True)
    }


def faults(entry: str) -> list[str]:
    """Say what an entry lacks."""
    found = []
    shown = "".join(block.text for block in blocks(entry) if block.language == "text")
    words = prose(entry)
    if not any(block.language == "python" for block in blocks(entry)):
        found.append("no program makes the mistake")
    if not SEEN.search(shown):
        found.append("no error or warning is shown")
    for match in SEEN.finditer(shown):
        if kind_of(match["kind"]) is None:
            found.append(f"{match['kind']} is no exception")
    for part in ("**Cause:** ", "**Fix:**"):
        if words.count(part) != 1:
            found.append(f"{part.strip()} is there {words.count(part)} times")
    return found


def kind_of(name: str) -> type[BaseException] | None:
    """Return the exception of a name: ours or Python's."""
    kind = getattr(errors, name, None) or getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


ENTRIES = entries(PAGE)


@pytest.mark.parametrize("title", ENTRIES)
def test_each_mistake_is_made_seen_explained_and_mended(title: str) -> None:
    assert faults(ENTRIES[title]) == []


def test_they_are_numbered_and_there_are_many() -> None:
    numbers = [int(title.partition(".")[0]) for title in ENTRIES]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 15


def test_no_two_mistakes_are_seen_as_the_same() -> None:
    firsts = []
    for text in ENTRIES.values():
        shown = "".join(block.text for block in blocks(text) if block.language == "text")
        ours = [m.group() for m in SEEN.finditer(shown) if hasattr(errors, m["kind"])]
        firsts += ours[:1]
    assert len(set(firsts)) == len(firsts)
    assert len(firsts) >= 15


def test_every_warning_and_exception_of_ours_is_on_the_page() -> None:
    ours = {name for name in vars(errors) if re.fullmatch(r"\w+(Error|Warning)", name)}
    assert ours <= set(re.findall(r"\w+", PAGE))
    for name in ours:
        kind = getattr(tg, name)
        assert any(base.__module__ == "builtins" for base in kind.__mro__[1:-2])


def test_what_the_fixes_show_gives_no_warning_and_no_error() -> None:
    """The programs below a Fix print neither: they are what to write instead."""
    checked = 0
    for text in ENTRIES.values():
        _, _, after = text.partition("**Fix:**")
        for block in blocks(after):
            if block.language == "text":
                assert not SEEN.search(block.text)
                checked += 1
    assert checked >= 10


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("\n**Cause:** a **Fix:** b\n", "no program makes the mistake"),
        ("\n```python\nf()\n```\n\n**Cause:** a **Fix:** b\n", "no error or warning is shown"),
        (
            "\n```python\nf()\n```\n\n```text\nOddError: x\n```\n\n**Cause:** a **Fix:** b\n",
            "OddError is no exception",
        ),
        (
            "\n```python\nf()\n```\n\n```text\nValueError: x\n```\n\n**Cause:** a\n",
            "**Fix:** is there 0 times",
        ),
    ],
)
def test_an_entry_that_lacks_something_is_found_out(entry: str, fault: str) -> None:
    assert fault in faults(entry)


def test_an_entry_that_raises_nothing_any_more_is_found_out() -> None:
    """The other half of the check: a program whose mistake is gone prints something else."""
    page = "```python\nprint('fine')\n```\n\n```text\nValueError: gone\n```\n"
    ((_, printed, shown),) = run(page, "page")
    assert printed != shown
