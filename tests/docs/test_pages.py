"""Every page runs from top to bottom and prints what it shows; its links lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import (
    HEADING,
    PAGES,
    README,
    ROOT,
    anchors,
    blocks,
    file_of,
    links,
    prose,
    run,
)

SHOWN_AFTER = {"python", "console"}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_pages_are_found() -> None:
    assert README.is_file()
    assert len(PAGES) > 4


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_prints_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what a page writes goes to a folder of its own
    for block, printed, shown in run(page.read_text(encoding="utf-8"), str(page)):
        assert printed == shown, f"{named(page)}, the block of line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_output_on_a_page_stands_below_what_makes_it(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "text":
            maker = block.directly_after
            assert maker is not None, f"{named(page)}, line {block.line}"
            assert maker.language in SHOWN_AFTER, f"{named(page)}, line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        file = file_of(target, page) if target else page
        assert file.exists(), f"{named(page)}: {link}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{named(page)}: {link}"


def test_the_index_lists_every_page_and_readme_leads_to_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {file_of(link, index) for link in links(index.read_text(encoding="utf-8"))}
    assert not {page for page in PAGES if page not in (README, index)} - listed
    assert index in {file_of(link, README) for link in links(README.read_text(encoding="utf-8"))}


def test_every_lesson_ends_in_what_it_left_out() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    lessons = links(index.partition("## Lessons")[2].partition("## Going deeper")[0])
    assert len(lessons) >= 10
    for lesson in lessons:
        text = prose((ROOT / "docs" / lesson).read_text(encoding="utf-8"))
        assert HEADING.findall(text)[-1] == "What we left out", lesson


def test_a_page_that_shows_something_else_is_found_out() -> None:
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert [(printed, shown) for _, printed, shown in run(page, "page")] == [("2\n", "3\n")]


def test_an_output_that_is_not_shown_is_found_out() -> None:
    page = "```python\nprint(2)\n```\n\nprose between\n\n```text\n2\n```\n"
    assert [(printed, shown) for _, printed, shown in run(page, "page")] == [("2\n", "")]


def test_an_error_names_the_line_of_the_page() -> None:
    page = "# Title\n\n```python\nx = 1\n\nx / 0\n```\n"
    with pytest.raises(ZeroDivisionError) as error:
        list(run(page, "page"))
    assert (error.traceback[-1].path, error.traceback[-1].lineno + 1) == ("page", 6)
