"""The site builds without a warning, lacks nothing, and needs nobody else's server."""

from __future__ import annotations

import html
import importlib
import inspect
import re
from pathlib import Path

import pytest

from tests.docs.built_site import dead_links, loads_from_elsewhere, reader
from tests.docs.pages import PACKAGE, PAGES, ROOT

BESIDES_HOME = [page for page in PAGES if page.name != "README.md"]
ORDER = "ops nn optim check bptt viz compiler extend data manual app"
ROOMS = ORDER.split()


def test_every_page_is_on_the_site_and_in_the_navigation(site: Path) -> None:
    home = site / "index.html"
    listed = set(reader(home).links)
    for page in BESIDES_HOME:
        assert f"{page.stem}.html" in listed, page.name
        assert (site / f"{page.stem}.html").is_file()


def test_a_picture_leads_to_itself_at_full_size(site: Path) -> None:
    pictures = {picture.name for picture in (ROOT / "docs" / "pictures").iterdir()}
    targets = {link for page in BESIDES_HOME for link in reader(site / f"{page.stem}.html").links}
    assert {f"pictures/{name}" for name in pictures} <= targets


def test_no_link_is_dead(site: Path) -> None:
    assert list(dead_links(site)) == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert list(loads_from_elsewhere(site)) == []


def test_every_file_of_the_package_can_be_read_on_the_site(site: Path) -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 90
    for file in files:
        shown = site / "source" / PACKAGE.name / f"{file.relative_to(PACKAGE).as_posix()}.html"
        text = html.unescape(re.sub(r"<[^>]+>", "", shown.read_text(encoding="utf-8")))
        assert file.read_text(encoding="utf-8").strip() in text, file


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_every_public_name_is_in_the_api_reference(site: Path, room: str) -> None:
    module = f"{PACKAGE.name}.{room}" if room else PACKAGE.name
    room_itself = importlib.import_module(module)
    anchors = {a for page in (site / "api").glob("*.html") for a in reader(page).anchors}
    others = {*importlib.import_module(f"{PACKAGE.name}.ops").__all__, *ROOMS}  # on their own pages
    for name in room_itself.__all__ if room else set(room_itself.__all__) - others:
        same_file = f"{module}.{name}.{name}"  # a function named like the file that it is in
        is_function = callable(getattr(room_itself, name))
        wanted = same_file if is_function and is_file(f"{module}.{name}") else f"{module}.{name}"
        assert wanted in anchors


def test_the_reference_of_the_ops_says_what_help_says(site: Path) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "api" / "ops.html").read_text("utf-8")))
    for name in importlib.import_module(f"{PACKAGE.name}.ops").__all__:
        op = getattr(importlib.import_module(PACKAGE.name), name)
        *_, example, result = (inspect.getdoc(op) or "").rpartition(">>> ")
        assert (example + result).splitlines()[0] in text, name


def is_file(module: str) -> bool:
    """Say whether there is a file of this name in the package."""
    return (PACKAGE.parent / f"{module.replace('.', '/')}.py").is_file()


def test_what_is_not_public_is_not_in_the_api_reference(site: Path) -> None:
    anchors = {a for page in (site / "api").glob("*.html") for a in reader(page).anchors}
    assert "tinygrad_rnn.check.compare.compare" in anchors
    assert "tinygrad_rnn.check.compare.by_name" not in anchors


def test_a_link_that_leads_nowhere_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#here">', encoding="utf-8")
    assert list(dead_links(tmp_path)) == [("a.html", "b.html#here")]
    (tmp_path / "b.html").write_text('<h2 id="there">', encoding="utf-8")
    assert list(dead_links(tmp_path)) == [("a.html", "b.html#here")]


def test_a_picture_that_is_not_there_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<img src="pictures/none.svg">', encoding="utf-8")
    assert list(dead_links(tmp_path)) == [("a.html", "pictures/none.svg")]


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js">',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<img src="http://example/x.png">',
        '<p style="background: url(https://example/x.png)">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found_out(tmp_path: Path, tag: str) -> None:
    (tmp_path / "a.html").write_text(tag, encoding="utf-8")
    assert [page for page, _ in loads_from_elsewhere(tmp_path)] == ["a.html"]


def test_a_style_sheet_that_loads_from_elsewhere_is_found_out(tmp_path: Path) -> None:
    sheet = '@import "https://fonts.example/a.css"; p { background: url(x.png) }'
    (tmp_path / "a.css").write_text(sheet, encoding="utf-8")
    assert list(loads_from_elsewhere(tmp_path)) == [("a.css", "https://fonts.example/a.css")]
