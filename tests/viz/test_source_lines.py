"""What was made under `debug` shows its source line: in the tree, the drawing and the page."""

from __future__ import annotations

import json
from pathlib import Path

import tinygrad_rnn as tg
from tinygrad_rnn.viz.stepper import stepper


def squared() -> tg.Value:
    x = tg.Value(3.0, name="x")
    y = x * x
    y.backward()
    return y


MADE = f"test_source_lines.py:{squared.__code__.co_firstlineno + 2}, in squared: y = x * x"


def test_the_tree_names_the_line_under_debug_only() -> None:
    with tg.debug():
        watched = squared()
    first, leaf, again = tg.viz.tree(watched).splitlines()
    assert first.endswith(f"at {MADE}")
    assert "test_source_lines" not in leaf + again
    assert "test_source_lines" not in tg.viz.tree(squared())


def test_the_drawing_names_the_line_where_the_pointer_rests() -> None:
    with tg.debug():
        watched = squared()
    assert f"op · multiply · {MADE}" in tg.draw(watched).source
    assert "test_source_lines" not in tg.draw(squared()).source


def test_the_page_names_the_line_beside_the_scope(tmp_path: Path) -> None:
    with tg.debug(), tg.time_step(3):
        watched = squared()
    stepper(watched, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert json.dumps(f"t=3 · {MADE}", ensure_ascii=False).strip('"') in page
