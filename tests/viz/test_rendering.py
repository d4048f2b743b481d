"""Drawings render with the machine's dot, or without one, and say what is missing where both are.

Where the machine has Graphviz, that is the first program; where it has none, a stand-in of the
same name, which shows that a command called dot is preferred and used as graphviz uses it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression, net
from tinygrad_rnn.viz import draw, rendering
from tinygrad_rnn.viz.rendering import NoLayoutProgram, drawing_class, ending_of, pure_program

HOSTILE = [
    '"}; <script>alert(1)</script>',
    "</text></svg><script>",
    "<b>bold</b>",
    "<",
    "&lt;b&gt; &#60; &amp;",
    r"\N \G \L \E \l \n \\",
    "ends in a backslash\\",
    "]]> -->",
    "a\nb\tc\x00\x1b[2J",
    "\u202emirrored",
    "\ud800",
    "{a|b}",
    "%s {0} $x",
    "x" * 5000,
    "Größe 😀 ⊤",
]


def pure() -> str:
    try:
        return pure_program()
    except NoLayoutProgram:
        if os.environ.get("CI"):
            raise
        pytest.skip("graphviz-pure is not installed")


@pytest.fixture(params=["graphviz-pure", "dot"])
def program(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Make one of the two programs the one that is there; check that it was the one that ran."""
    which = shutil.which
    if request.param == "graphviz-pure":
        pure()
        monkeypatch.setattr(
            rendering.shutil,
            "which",
            lambda name, **rest: None if name == "dot" else which(name, **rest),
        )
        yield request.param
    elif which("dot"):
        yield request.param
    else:
        if os.name != "posix":
            pytest.skip("a stand-in for dot is a shell script")
        folder = tmp_path_factory.mktemp("stand-in")
        script, log = folder / "dot", folder / "log"
        script.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexec "{pure()}" "$@"\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield request.param
        assert "-Kdot" in log.read_text()


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering.shutil, "which", lambda name, **rest: None)


def picture(svg: str) -> ET.Element:
    """Parse an SVG picture and check that there is nothing in it but shapes and words."""
    root = ET.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    shapes = {"path", "polygon", "polyline", "ellipse"}
    assert tags <= {"svg", "g", "a", "title", "text", *shapes}
    for element in root.iter():
        for name in element.attrib:
            assert not name.lower().startswith("on")
            assert not name.endswith("href")
    return root


def words(root: ET.Element) -> list[str]:
    return [x.text or "" for x in root.iter() if x.tag.endswith("}text")]


def test_svg(program: str) -> None:
    y = first_expression()
    y.backward()
    root = picture(draw(y).pipe("svg", encoding="utf-8"))
    nodes = [x for x in root.iter() if x.get("class") == "node"]
    edges = [x for x in root.iter() if x.get("class") == "edge"]
    assert (len(nodes), len(edges)) == (35, 47)
    found = [word.replace("\xa0", "").strip() for word in words(root)]
    assert found.count("multiply") == 3  # a b, d 2 and 3 d
    for shown in ("138.8", "645.6", "24.7"):  # micrograd's README: dg/da, dg/db and g
        assert shown in found
    paper = next(x for x in root.iter() if x.tag.endswith("}polygon"))
    assert paper.get("fill") == "#ffffff"


def test_png(program: str) -> None:
    assert draw(first_expression()).pipe("png")[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("rolled", [False, True])
def test_nets_can_be_laid_out(program: str, rolled: bool) -> None:
    for kind in ("LSTM", "GRU"):
        loss = net(kind, 3, num_layers=2, bidirectional=True)
        drawing = draw(loss, rolled)
        root = picture(drawing.pipe("svg", quiet=True, encoding="utf-8"))
        nodes = [x for x in root.iter() if x.get("class") == "node"]
        assert len(nodes) == drawing.source.count(" tooltip=") - drawing.source.count("cluster_")


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_text_and_nothing_else(program: str, name: str) -> None:
    with tg.name_scope(name.replace("/", "|")), tg.time_step(0):
        a = tg.Value(2.0, name=name)
        y = a * 3.0
        y.name = name
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    shown = shown if len(shown) <= 64 else shown[:63] + "…"
    for options in ({}, {"rolled": True}, {"depth": 1}):
        drawing = draw(y, **options)  # type: ignore[arg-type]
        root = picture(drawing.pipe("svg", encoding="utf-8"))
        found = words(root)
        assert shown.replace("/", "|") in found
        if not options:
            assert found.count(shown) >= 2
        tooltips = [x.get("{http://www.w3.org/1999/xlink}title", "") for x in root.iter()]
        assert any(shown[:20].replace("/", "|").strip() in tip for tip in tooltips)
        page = rendering.page(drawing.pipe("svg", encoding="utf-8"))
        assert "<script" not in page


def test_render_writes_the_text_and_the_picture(program: str, tmp_path: Path) -> None:
    drawing = draw(first_expression())
    rendered = drawing.render(tmp_path / "first.gv")
    assert rendered == str(tmp_path / "first.gv.svg")
    picture(Path(rendered).read_text(encoding="utf-8"))
    assert (tmp_path / "first.gv").read_text(encoding="utf-8").rstrip() == drawing.source.rstrip()

    rendered = drawing.render("second", directory=tmp_path / "deep", format="png", cleanup=True)
    assert Path(rendered) == tmp_path / "deep" / "second.png"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["second.png"]

    rendered = drawing.render(outfile=tmp_path / "third.svg")
    assert Path(rendered) == tmp_path / "third.svg"
    assert (tmp_path / "third.gv").is_file()
    with pytest.raises(graphviz.FileExistsError):
        drawing.render(outfile=tmp_path / "third.svg", raise_if_result_exists=True)


def test_render_without_a_name(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert draw(first_expression()).render() == "graph.gv.svg"
    assert sorted(os.listdir()) == ["graph.gv", "graph.gv.svg"]


def test_save_and_source_need_no_program(no_program: None, tmp_path: Path) -> None:
    drawing = draw(first_expression())
    path = drawing.save(tmp_path / "graph.gv")
    assert Path(path).read_text(encoding="utf-8").startswith('digraph "graph" {')
    assert drawing.write(tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.source


@pytest.mark.parametrize("ending", ["svg", "png", "jpg", "jpeg", "html", "dot", "gv", "SVG"])
def test_write_knows_what_to_write_by_the_ending(program: str, tmp_path: Path, ending: str) -> None:
    path = draw(first_expression()).write(tmp_path / f"graph.{ending}")
    assert path == tmp_path / f"graph.{ending}"
    content = path.read_bytes()
    begins = {
        "svg": b"<?xml",
        "png": b"\x89PNG",
        "jpg": b"\xff\xd8\xff",
        "jpeg": b"\xff\xd8\xff",
        "html": b"<!DOCTYPE html>",
        "dot": b"digraph",
        "gv": b"digraph",
    }
    assert content.startswith(begins[ending.lower()])
    assert len(content) > 500
    draw(tg.Value(1.0) + 1.0).write(str(path))  # over the old one
    if program == "dot" and ending in ("dot", "gv"):
        draw(tg.Value(1.0) + 1.0).pipe("svg")  # so that the program has run


def test_a_page_loads_nothing(program: str, tmp_path: Path) -> None:
    text = draw(first_expression()).write(tmp_path / "g.html").read_text(encoding="utf-8")
    assert text.count("http") == text.count('xmlns="http') + text.count('xmlns:xlink="http')
    assert "<script" not in text and "<link" not in text and "@import" not in text
    picture(text[text.index("<svg") : text.index("</body>")])


@pytest.mark.parametrize("name", ["graph.txt", "graph", "graph.svg.zip", "svg"])
def test_an_unknown_ending_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"(?s)cannot be written as .*\.svg, \.png"):
        draw(first_expression()).write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_endings_are_read_in_any_case() -> None:
    assert ending_of(Path("a.b/graph.PNG")) == "png"


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    drawing = draw(first_expression())
    with pytest.raises(FileNotFoundError, match="cannot write the drawing") as error:
        drawing.write(tmp_path / "nowhere" / "graph.dot")
    assert error.value.filename == str(tmp_path / "nowhere" / "graph.dot")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(OSError, match="cannot write the drawing"):
        drawing.write(tmp_path / "folder.dot")


def test_a_format_that_only_graphviz_writes_is_refused_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pure()
    which = shutil.which
    monkeypatch.setattr(
        rendering.shutil,
        "which",
        lambda name, **rest: None if name == "dot" else which(name, **rest),
    )
    drawing = draw(first_expression())
    with pytest.raises(ValueError, match=r"(?s)does not write 'pdf'.*install Graphviz"):
        drawing.write(tmp_path / "graph.pdf")
    with pytest.raises(ValueError, match="does not write 'nonsense'"):
        drawing.pipe("nonsense")
    assert not list(tmp_path.iterdir())


def test_a_text_that_is_no_graph_is_told_apart_from_a_wrong_format() -> None:
    pure()
    with pytest.raises(RuntimeError, match=r"(?s)could not lay the drawing out.*syntax"):
        rendering.lay_out("digraph {", "svg", "dot")


def test_without_a_program_the_error_gives_the_pip_line(no_program: None, tmp_path: Path) -> None:
    drawing = draw(first_expression())
    for attempt in (
        lambda: drawing.pipe("svg"),
        lambda: drawing.render(tmp_path / "graph.gv"),
        lambda: drawing.write(tmp_path / "graph.svg"),
    ):
        with pytest.raises(RuntimeError, match=r'pip install "tinygrad-rnn\[render\]"'):
            attempt()
    assert not list(tmp_path.iterdir())
    assert "digraph" in drawing.source


def test_without_a_program_a_notebook_shows_the_pip_line(no_program: None) -> None:
    bundle = draw(first_expression())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert 'pip install "tinygrad-rnn[render]"' in bundle["text/plain"]


def test_it_shows_itself_in_a_notebook(program: str) -> None:
    drawing = draw(first_expression())
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"]
    picture(bundle["image/svg+xml"])
    assert list(drawing._repr_mimebundle_(include=["image/png"])) == ["image/png"]


def test_without_the_python_package_the_error_gives_the_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing_class.cache_clear()
    monkeypatch.setitem(sys.modules, "graphviz", None)
    try:
        with pytest.raises(ModuleNotFoundError, match="pip install graphviz"):
            draw(first_expression())
    finally:
        drawing_class.cache_clear()


def test_graphviz_is_not_imported_before_the_first_drawing() -> None:
    program = (
        "import sys, tinygrad_rnn.viz as viz, tinygrad_rnn as tg\n"
        "viz.tree(tg.Value(1.0) + 1.0)\n"
        "print('graphviz' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def test_the_program_beside_this_python_is_found_without_a_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Path(pure())
    if found.parent != Path(sys.executable).parent:
        pytest.skip("graphviz-pure is installed elsewhere")
    monkeypatch.setenv("PATH", "")
    assert Path(pure_program()) == found


def test_a_view_opens_what_was_rendered(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(graphviz, "view", lambda path, quiet=False: opened.append(path))
    monkeypatch.setattr(drawing_class(), "_view", lambda self, path, **options: opened.append(path))
    rendered = draw(np.sum(tg.Value(np.ones(2)))).render(tmp_path / "g.gv", view=True)
    assert opened == [rendered]
