"""The file that `stepper` writes: alone, harmless, and refused where it would be of no use."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression
from tests.viz.stepper_graphs import HOSTILE, leaves, loss_at_every_step, recurrent
from tinygrad_rnn import GraphError, Value
from tinygrad_rnn.viz.dot import TooLarge
from tinygrad_rnn.viz.escaping import printable
from tinygrad_rnn.viz.stepper import MOST_VALUES, stepper


def chain(length: int) -> Value:
    y = Value(1.0)
    for _ in range(length):
        y = y + 1.0
    return y


def parts(page: str) -> tuple[str, str, str]:
    """Return style, data and script; there is one of each."""
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    return style, scripts[0], scripts[1]


def test_the_page_stands_alone(tmp_path: Path) -> None:
    path = stepper(recurrent("LSTM"), tmp_path / "page.html")
    assert os.listdir(tmp_path) == ["page.html"]
    page = path.read_text(encoding="utf-8")
    for address in ("http:", "https:", "ftp:", "//cdn", "src=", "href=", "@import", "fetch("):
        assert address not in page
    assert set(re.findall(r"url\(([^)$]*)", page)) == {"#head-", "#head-forward", "#head-backward"}
    assert "XMLHttpRequest" not in page and "import(" not in page


def test_the_policy_allows_this_style_and_this_script_only(tmp_path: Path) -> None:
    page = stepper(first_expression(), tmp_path / "page.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    style, _, script = parts(page)

    def allowed(source: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {allowed(style)}",
        f"script-src {allowed(script)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_names_and_titles_are_text(tmp_path: Path) -> None:
    title = "{{data}} & {{script}} " + HOSTILE
    loss = loss_at_every_step(HOSTILE)
    page = stepper(loss, tmp_path / "page.html", title=title).read_text(encoding="utf-8")
    assert "<script>alert" not in page and "<img" not in page
    assert page.count("</script") == 2
    assert f"<h1>{html.escape(title)}</h1>" in page
    assert f"<title>{html.escape(title)}</title>" in page
    story = json.loads(parts(page)[1])
    assert story["title"] == title
    assert printable(HOSTILE) in [node["handle"] for node in story["nodes"]]


def test_a_scope_or_a_line_separator_does_no_harm(tmp_path: Path) -> None:
    with tg.name_scope("a\u2028b</script>"):
        loss = Value(2.0, name="\u2029\x00&amp;") * 2.0
    page = stepper(loss, tmp_path / "page.html").read_text(encoding="utf-8")
    _, data, _ = parts(page)
    assert not {"\u2028", "\u2029", "\x00", "<", "&"} & set(data)
    assert json.loads(data)["nodes"][-1]["scope"] == "a\ufffdb</script>"


def test_the_same_graph_gives_the_same_page(tmp_path: Path) -> None:
    loss = recurrent("GRU")
    pages = [stepper(loss, tmp_path / f"{i}.html").read_bytes() for i in range(2)]
    assert pages[0] == pages[1]
    assert all(leaf.grad is None for leaf in leaves(loss))


def test_paths_as_text_and_as_paths_and_what_is_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    assert stepper(first_expression(), str(path)) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_heading_is_the_name_of_the_loss_if_no_title_is_given(tmp_path: Path) -> None:
    loss = first_expression()
    assert "<h1>Step by step: g</h1>" in stepper(loss, tmp_path / "g.html").read_text("utf-8")


# Refusals: one clear error each, and no file.


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"cannot be written to .*no/page\.html") as error:
        stepper(first_expression(), tmp_path / "no" / "page.html")
    assert "fix: give the name of a file in a folder that exists" in str(error.value)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="cannot be written to"):
        stepper(first_expression(), tmp_path)


@pytest.mark.parametrize("path", [3, None, ["page.html"]])
def test_no_path(path: Any) -> None:
    with pytest.raises(TypeError):
        stepper(first_expression(), path)


@pytest.mark.parametrize("thing", ["page.html", 3.0, np.ones(3), None, (Value(1.0),)])
def test_not_a_value(thing: Any, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="there is no graph"):
        stepper(thing, tmp_path / "page.html")
    assert os.listdir(tmp_path) == []


def test_a_value_without_a_graph(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="there is no graph to see in the Value"):
        stepper(Value(1.0, name="x"), tmp_path / "page.html")
    with tg.no_grad(), pytest.raises(GraphError, match="under no_grad"):
        stepper(Value(1.0) * 2.0, tmp_path / "page.html")
    assert os.listdir(tmp_path) == []


def test_an_array_needs_a_gradient_that_fits(tmp_path: Path) -> None:
    y = Value(np.ones(3)) * 2.0
    with pytest.raises(ValueError, match=r"an array of shape \(3,\) without a gradient"):
        stepper(y, tmp_path / "page.html")
    with pytest.raises(ValueError, match=r"a gradient of shape \(2,\)"):
        stepper(y, tmp_path / "page.html", gradient=np.ones(2))
    assert os.listdir(tmp_path) == []
    assert stepper(y, tmp_path / "page.html", gradient=np.ones(3)).exists()


def test_a_broken_vjp_is_named_as_in_backward(tmp_path: Path) -> None:
    @tg.extend.primitive
    def broken(x):  # type: ignore[no-untyped-def]
        """y = 2x"""
        return 2 * x

    y = broken(Value(np.ones(2))).sum()
    with pytest.raises(GraphError, match="broken has no derivative yet"):
        stepper(y, tmp_path / "page.html")

    @broken.vjp
    def _(g, y, x):  # type: ignore[no-untyped-def]
        return np.ones(3)

    with pytest.raises(ValueError, match=r"a gradient of shape \(3,\)"):
        stepper(y, tmp_path / "page.html")
    assert os.listdir(tmp_path) == []


def test_the_largest_graph_is_taken_and_the_next_one_refused(tmp_path: Path) -> None:
    largest = chain(MOST_VALUES - 1)
    assert stepper(largest, tmp_path / "page.html").stat().st_size < 10e6
    with pytest.raises(TooLarge, match="a graph of 501 Values is too large") as error:
        stepper(chain(MOST_VALUES), tmp_path / "other.html")
    assert "rolled=True" in str(error.value)
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_huge_graph_is_refused_at_once(tmp_path: Path) -> None:
    huge = chain(100_000)
    began = time.perf_counter()
    with pytest.raises(TooLarge, match="100,001 Values"):
        stepper(huge, tmp_path / "page.html")
    assert time.perf_counter() - began < 1.0
    assert os.listdir(tmp_path) == []


def test_large_arrays_do_not_make_a_large_page(tmp_path: Path) -> None:
    W = Value(np.zeros((1000, 1000)), name="W")
    h = np.ones(1000)
    for t in range(5):
        with tg.time_step(t):
            h = tg.tanh(W @ h)
    assert stepper(h.sum(), tmp_path / "page.html").stat().st_size < 3e6
