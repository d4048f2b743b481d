"""The pictures in docs/ are what the code beside them draws: the same words, as many arrows.

Not the same bytes: where Graphviz puts a node, and Matplotlib a letter, changes with its version.
To draw them again: ``python -m tests.docs.test_pictures``, for some pages only with their names.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, ROOT, links, run
from tests.docs.pictures import contents
from tests.docs.plotted import described, unlike
from tinygrad_rnn.viz import rendering
from tinygrad_rnn.viz.rendering import NoLayoutProgram, pure_program

PICTURES = ROOT / "docs" / "pictures"
NOTEBOOK = ROOT / "examples" / "notebooks" / "see_the_graph.ipynb"


def pictures_of(page: Path) -> set[str]:
    """List the pictures that a page's code writes."""
    code = page.read_text(encoding="utf-8")
    return set(re.findall(r'\.(?:write|savefig)\("pictures/([\w.-]+)"\)', code))


def drawings(notebook: dict[str, Any]) -> list[str]:
    """List the pictures that a notebook holds, each below a cell that ends in a call of draw."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and last_line(cell).startswith("tg.draw("):
            (output,) = cell["outputs"]
            found.append("".join(output["data"]["image/svg+xml"]))
    return found


def run_all(page: Path) -> None:
    """Run a page's code in the current folder."""
    plots = any(name.endswith(".png") for name in pictures_of(page))
    with described() if plots else contextlib.nullcontext():
        for _ in run(page.read_text(encoding="utf-8"), str(page)):
            pass


def last_line(cell: dict[str, Any]) -> str:
    """Return what a cell shows the value of."""
    return "".join(cell["source"]).splitlines()[-1]


DRAWN = sorted((page, name) for page in PAGES for name in pictures_of(page))


def test_every_picture_is_drawn_by_one_page_and_shown_somewhere() -> None:
    names = [name for _, name in DRAWN]
    assert len(names) > 3
    assert sorted(names) == sorted(path.name for path in PICTURES.iterdir())
    shown = {link for page in PAGES for link in links(page.read_text(encoding="utf-8"))}
    for page, name in DRAWN:
        assert f"pictures/{name}" in links(page.read_text(encoding="utf-8"))
    assert "docs/pictures/first-expression.svg" in shown, "README shows one drawn graph"


@pytest.mark.parametrize("page", sorted({page for page, _ in DRAWN}), ids=lambda page: page.stem)
def test_the_pictures_are_those_that_the_page_draws(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        rendering.shutil.which("dot") or pure_program()
    except NoLayoutProgram:
        pytest.skip("there is neither dot nor graphviz-pure")
    monkeypatch.chdir(tmp_path)
    run_all(page)
    for name in pictures_of(page):
        drawn, kept = tmp_path / "pictures" / name, PICTURES / name
        if name.endswith(".png"):
            assert unlike(drawn, kept) == "", "run: python -m tests.docs.test_pictures"
        else:
            texts = (path.read_text(encoding="utf-8") for path in (drawn, kept))
            before, after = map(contents, texts)
            assert before == after, "run: python -m tests.docs.test_pictures"


def test_the_notebook_shows_a_picture_below_each_drawing() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    found = drawings(notebook)
    assert len(found) == 3
    sizes = [contents(svg)[1] for svg in found]
    assert [size["node"] for size in sizes] == [7, 9, 8 + 8 + 2]
    assert [size["edge"] for size in sizes] == [7, 9, 2 * 4 * 4 + 2 * 3 + 4 + 4 + 1]


if __name__ == "__main__":
    only = [Path(name).stem for name in sys.argv[1:]]
    for page in sorted({page for page, _ in DRAWN if not only or page.stem in only}):
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        run_all(page)
        for name in pictures_of(page):
            shutil.copy(Path("pictures", name), PICTURES)
        os.chdir(ROOT)
        shutil.rmtree(folder)
