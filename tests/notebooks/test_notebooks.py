"""Every notebook is its script, runs, and shows what it showed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.pages import links
from tests.notebooks.making import (
    FOLDER,
    code_cells,
    make,
    notebook_of,
    same,
    scripts,
    shown,
    sources,
)

SCRIPTS = scripts()
AGAIN = "make it anew: python -m tests.notebooks"


def named(script: Path) -> str:
    return script.stem


def test_every_notebook_has_a_script_and_a_title_of_its_own() -> None:
    assert len(SCRIPTS) >= 5
    assert {p.stem for p in FOLDER.glob("*.ipynb")} == {p.stem for p in SCRIPTS}
    titles = [script.read_text("utf-8").splitlines()[1] for script in SCRIPTS]
    assert all(title.startswith("# # ") for title in titles)
    assert len(set(titles)) == len(titles)


def test_the_list_of_examples_names_each_and_all_links_lead_to_a_file() -> None:
    index = FOLDER.parent / "README.md"
    page = index.read_text("utf-8")
    listed = set(links(page))
    assert listed == {f"notebooks/{script.stem}.ipynb" for script in SCRIPTS}
    for example in FOLDER.parent.glob("*.py"):
        assert f"`python examples/{example.name}" in page
    for script in SCRIPTS:
        for link in links(script.read_text("utf-8")):
            assert (FOLDER / link.partition("#")[0]).is_file(), f"{script.name}: {link}"


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_notebook_holds_the_cells_of_its_script_and_is_small(script: Path) -> None:
    pytest.importorskip("jupytext", reason="reading a script as a notebook needs jupytext")
    file = script.with_suffix(".ipynb")
    notebook = json.loads(file.read_text("utf-8"))
    assert sources(notebook) == sources(notebook_of(script)), AGAIN
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), AGAIN
    assert any(cell["outputs"] for cell in code_cells(notebook)), AGAIN
    assert file.stat().st_size < 150_000


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_notebook_runs_and_shows_what_it_showed(script: Path, tmp_path: Path) -> None:
    for needed in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(needed, reason=f"executing a notebook needs {needed}")
    again = tmp_path / "again.ipynb"
    make(script, again)
    kept = json.loads(script.with_suffix(".ipynb").read_text("utf-8"))
    now = json.loads(again.read_text("utf-8"))
    for before, after in zip(code_cells(kept), code_cells(now), strict=True):
        for one, other in zip(shown(before), shown(after), strict=True):
            assert same(one, other), f"{AGAIN}\nit showed\n{one}\nand shows\n{other}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss 1.5", "loss 1.6"),
        ("loss 1.5", "cost 1.5"),
        ("loss 1.5", "loss 1.5 1.5"),
        ("1,126 of 4,096", "1,226 of 4,096"),
        ("[-0.5]", "[0.5]"),
        ("dh[3] 2.0", "dh[2] 2.0"),
        ("max 2.0e-01", "max 2.0e+01"),
    ],
)
def test_an_output_that_says_something_else_is_found_out(one: str, other: str) -> None:
    assert same(one, one)
    assert not same(one, other)


def test_an_output_of_rounding_errors_may_change() -> None:
    assert same("off by 1.3e-16\nok", "off by  0.0e+00\nok")
