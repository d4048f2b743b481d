"""A built site as it lies on disk: where its pages' links lead, and what they load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
CSS_LOADS = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


class PageReader(HTMLParser):
    """What of a page matters to others: its anchors, its links, what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag has."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADING and LOADING[tag] in given:
            self.loads.append(given[LOADING[tag]])
        self.loads += CSS_LOADS.findall(given.get("style", ""))


@cache
def reader(page: Path) -> PageReader:
    """Read a page."""
    return PageReader(page.read_text(encoding="utf-8"))


def pages(site: Path) -> list[Path]:
    """List the pages; 404.html is for servers and links from their root."""
    return sorted(page for page in site.rglob("*.html") if page.name != "404.html")


def is_elsewhere(target: str) -> bool:
    """Say whether a target is not on this disk."""
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def loads_from_elsewhere(site: Path) -> Iterator[tuple[str, str]]:
    """Yield each page and style sheet that loads something from elsewhere, and what."""
    for page in pages(site):
        for target in filter(is_elsewhere, reader(page).loads):
            yield page.relative_to(site).as_posix(), target
    for sheet in sorted(site.rglob("*.css")):
        for target in filter(is_elsewhere, CSS_LOADS.findall(sheet.read_text(encoding="utf-8"))):
            yield sheet.relative_to(site).as_posix(), target


def dead_links(site: Path) -> Iterator[tuple[str, str]]:
    """Yield each page with a link, or something it loads, that is not on the site."""
    for page in pages(site):
        found = reader(page)
        for target in {*found.links, *found.loads}:
            if not is_elsewhere(target) and not urlsplit(target).scheme and not leads(page, target):
                yield page.relative_to(site).as_posix(), target


def leads(page: Path, target: str) -> bool:
    """Say whether a link leads to a file, and to a place in it."""
    parts = urlsplit(target)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if not file.is_file():
        return False
    return file.suffix != ".html" or unquote(parts.fragment) in reader(file).anchors
