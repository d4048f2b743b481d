"""Coloured text: every character there, on its colour, and none of it obeyed by a browser."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.viz import ColouredText
from tinygrad_rnn.viz.coloured_text import INK, LEVELS, shade, style

HOSTILE = "</pre><script>alert('1')</script>&amp;\"<!--\x1b[2J\u202e\n\té"


class Spans(HTMLParser):
    """The elements of a page, and of each span in the text its class, its tip and its content."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.spans: list[dict[str, str]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = {name: value or "" for name, value in attrs}
        self.inside = tag == "span" and "title" in found
        if self.inside:
            self.spans.append({**found, "text": ""})

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.spans[-1]["text"] += data


def test_each_character_stands_on_the_colour_of_its_number() -> None:
    numbers = [-1.0, -0.5, 0.0, 0.26, 1.0]
    spans = Spans(ColouredText("a b<\n", numbers, "unit 3").page()).spans
    assert [span["class"] for span in spans] == ["m20", "m10", "p0", "p5", "p20"]
    assert [span["text"] for span in spans] == ["a", " ", "b", "<", "↵\n"]
    tips = [span["title"] for span in spans]
    assert tips[:4] == ["0: 'a' -1.000", "1: ' ' -0.500", "2: 'b' +0.000", "3: '<' +0.260"]
    assert tips[4] == "4: '\\n' +1.000"
    rules = dict(re.findall(r"\.coloured-text \.(\w+) { background: (#\w{6}) }", style()))
    assert rules == {
        **{f"m{i}": shade(-i / LEVELS) for i in range(1, LEVELS + 1)},
        **{f"p{i}": shade(i / LEVELS) for i in range(LEVELS + 1)},
    }


def test_nothing_from_outside_is_obeyed() -> None:
    page = ColouredText(HOSTILE, np.zeros(len(HOSTILE)), f"<b>{HOSTILE}").page()
    parsed = Spans(page)
    assert set(parsed.tags) == {
        *("html", "head", "meta", "title", "style", "body", "div", "p", "b", "span", "pre"),
    }
    assert parsed.tags.count("b") == 1
    assert len(parsed.spans) == len(HOSTILE)
    shown = "".join(span["text"] for span in parsed.spans)
    unseen = {"\x1b": "�", "\u202e": "�", "\n": "↵\n", "\t": "⇥"}
    assert shown == "".join(unseen.get(c, c) for c in HOSTILE)
    written = re.findall(r'title="[^"]*">([^<]*)</span>', page)
    assert written == [html.escape(unseen.get(c, c)) for c in HOSTILE]
    assert "\x1b" not in page and "\u202e" not in page and "<script" not in page
    assert "default-src 'none'" in page  # and nothing would run, if it got there


def test_numbers_beyond_one_stretch_the_colours() -> None:
    coloured = ColouredText("ab", [4.0, -1.0])
    assert coloured.limit == 4.0
    assert [span["class"] for span in Spans(coloured.fragment()).spans] == ["p20", "m5"]
    assert ">-4 " in coloured.fragment() and " 4;" in coloured.fragment()
    assert ColouredText("ab", [0.1, 0.2]).limit == 1.0


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_letters_can_be_read_on_every_colour() -> None:
    """A contrast of 4.5 is what WCAG 2 asks of text."""
    for level in range(-LEVELS, LEVELS + 1):
        assert (luminance(shade(level / LEVELS)) + 0.05) / (luminance(INK) + 0.05) > 4.5


def test_a_notebook_gets_the_rules_with_the_text_and_no_page() -> None:
    shown = ColouredText("ab", [0.5, -0.5])._repr_html_()
    assert shown.startswith("<style>\n.coloured-text")
    assert "<html" not in shown and "body {" not in shown
    assert len(Spans(shown).spans) == 2
    assert all(line.startswith(".coloured-text") for line in style().splitlines())
    assert repr(ColouredText("ab", [0, 0], "unit 1")) == "<ColouredText of 2 characters: unit 1>"


def test_the_page_is_written_or_one_learns_why_not(tmp_path: Path) -> None:
    coloured = ColouredText("é", [0.5])
    assert coloured.write(tmp_path / "page.html") == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == coloured.page()
    with pytest.raises(FileNotFoundError, match="cannot write the page: No such file"):
        coloured.write(tmp_path / "nowhere" / "page.html")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([0.0], "1 activations, and 2 characters"),
        ([0.0, np.nan], "not finite"),
        ([[0.0, 0.0]], r"of shape \(1, 2\)"),
        ([], r"of shape \(0,\)"),
    ],
)
def test_numbers_that_do_not_fit(numbers: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ColouredText("ab", numbers)
