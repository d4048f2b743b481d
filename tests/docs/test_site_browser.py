"""The site in a real browser, from disk: it fits a telephone, it is quiet, and its search finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES

pytestmark = pytest.mark.browser

NAMES = ["index", *(page.stem for page in PAGES if page.name != "README.md"), "api/nn", "api/check"]
TELEPHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What sticks out, unless it lies in something that one can push to the side.
STICKING_OUT = """[...document.querySelectorAll("article *")].filter(e =>
  e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest("pre, .md-typeset__scrollwrap, .highlighttable, .drawing")
).map(e => e.outerHTML.slice(0, 80))"""


@contextmanager
def opened(browser: Any, file: Path, size: dict[str, int], scheme: str = "light") -> Iterator[Any]:
    """Open a page; afterwards nothing may have been asked for elsewhere, or complained of."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    elsewhere: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda r: elsewhere.append(r.url) if r.url.startswith("http") else None)
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert elsewhere == []
    assert complaints == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_telephone(browser: Any, site: Path, name: str) -> None:
    with opened(browser, site / f"{name}.html", TELEPHONE) as page:
        assert page.evaluate(TOO_WIDE) <= 0
        assert page.evaluate(STICKING_OUT) == []


def test_something_too_wide_is_found_out(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "wide.html"
    file.write_text("<article><p style='width: 900px'>wide</p></article>", encoding="utf-8")
    with opened(browser, file, TELEPHONE) as page:
        assert page.evaluate(TOO_WIDE) > 0
        assert len(page.evaluate(STICKING_OUT)) == 1


def test_the_search_finds_without_a_server(browser: Any, site: Path) -> None:
    with opened(browser, site / "index.html", DESK) as page:
        page.click("[data-md-component=search-query]")
        page.keyboard.type("softsign", delay=20)
        found = page.locator(".md-search-result__item").first
        found.wait_for()
        assert "Write your own op" in found.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_is_readable_by_day_and_by_night(browser: Any, site: Path, scheme: str) -> None:
    with opened(browser, site / "the-lstm-by-hand.html", DESK, scheme) as page:
        block = page.locator(".language-python code").first
        colours = block.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).background]")
        ink, paper = (brightness(colour) for colour in colours)
        assert contrast(ink, paper) > 7
        assert (paper > ink) == (scheme == "light")


def brightness(colour: str) -> float:
    """Return the relative luminance of ``rgb(r, g, b)``, as WCAG 2 defines it."""
    numbers = colour[colour.index("(") + 1 : colour.index(")")].replace(",", " ").split()
    parts = [float(x) / 255 for x in numbers[:3]]
    r, g, b = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: float, other: float) -> float:
    """Return the contrast of two brightnesses: 1 is none, 21 black on white."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_says() -> None:
    black, white = brightness("rgb(0, 0, 0)"), brightness("rgb(255, 255, 255)")
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(brightness("rgb(119, 119, 119)"), white) == pytest.approx(4.48, abs=0.01)
