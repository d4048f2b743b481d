"""A drawing says what the graph says, about each node, in a form that cannot be misread."""

from __future__ import annotations

import re
import time
from typing import Any

import graphviz
import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression, net, own_loop
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.dot import LIMIT
from tinygrad_rnn.viz.labels import GRADIENT, LOOKS, setting
from tinygrad_rnn.viz.numbers import number, shown, size


def statements(drawing: Any) -> dict[str, str]:
    """Return the text of each node of a drawing."""
    found = re.findall(r"^\s*(n\d+) \[(.*)\]$", drawing.source, flags=re.MULTILINE)
    nodes = {name: rest for name, rest in found if "->" not in name}
    assert len(nodes) == len(found)
    return nodes


def words(statement: str) -> list[str]:
    """List the words on a node, from top to bottom."""
    text = re.search(r"label=<(.*)>(?: \w+=|$)", statement)
    assert text
    parts = re.split(r"<[^>]*>", text[1].replace("&#160;", " "))
    return [part.strip() for part in parts if part.strip()]


def arrows(drawing: Any) -> list[tuple[str, str]]:
    return re.findall(r"^\s*(n\d+)\S* -> (n\d+)", drawing.source, flags=re.MULTILINE)


def test_a_node_shows_name_op_formula_shape_dtype_value_and_gradient() -> None:
    a = tg.Value(3.0, name="a")
    y = a * 2
    y.name = "y"
    y.backward()
    a_, two, y_ = map(words, statements(draw(y)).values())
    assert a_ == ["a", "() float64", "value", "3", "grad", "2"]
    assert two == ["2"]
    assert y_ == ["a", "b", "y", "multiply", "y = a · b", "() float64", "value", "6", "grad", "1"]


def test_before_backward_a_gradient_is_not_computed_and_never_zero() -> None:
    a = tg.Value(3.0, name="a")
    y = a * 2.0
    for statement in statements(draw(y)).values():
        assert ("not computed" in statement) == ("2" not in words(statement))
        assert GRADIENT not in statement or "not computed" in statement
    y.backward(retain_grad=False)  # the interior keeps none
    a_, _, y_ = map(words, statements(draw(y)).values())
    assert a_[-1] == "2"
    assert y_[-1] == "not computed"


def test_small_arrays_show_their_numbers_and_large_ones_their_range() -> None:
    x = tg.Value(np.array([[1.0, 2.0], [3.0, 0.25]]), name="x")
    y = np.tile(np.arange(8.0), 2) * np.sum(x)
    y.backward(np.ones(16))
    x_, _, _, y_ = map(words, statements(draw(y)).values())
    assert x_[2:4] == ["value", "[[1  2]"]
    assert x_[4] == "[3  0.25]]"
    assert x_[-2:] == ["[[56  56]", "[56  56]]"]
    at = y_.index("value")
    assert y_[at - 3 : at] == ["min", "mean", "max"]
    assert y_[at:] == ["value", "0", "21.9", "43.8", "grad", "1", "1", "1"]


@pytest.mark.filterwarnings("error")
def test_numbers_are_written_for_people() -> None:
    assert shown([np.array([1.0, -2.0])]) == ["[1  -2]"]
    assert shown([np.zeros((0, 3))]) == ["no numbers"]
    assert shown([np.zeros((2, 2, 1))]) == shown([np.zeros(4), np.zeros(1)]) == ("0", "0", "0")
    assert shown([np.arange(7), np.array([100])]) == ("0", "15.1", "100")  # 121 / 8
    assert shown([np.array([np.inf, -np.inf, 1, 2, 3, 4, 5])]) == ("-inf", "nan", "inf")
    assert shown([np.array([1, 1, 1, 1, 1, 1, -6 + 1e-15])]) == ("-6", "0", "1")
    assert shown([np.full(9, np.nan)]) == ("nan", "nan", "nan")
    assert shown([np.full(9, 3e38, np.float32)]) == ("3e+38", "3e+38", "3e+38")
    assert shown([np.ones(9, bool)]) == ("True", "1", "True")
    assert [number(x) for x in (-0.0, 1e-20, True, np.int64(7), 123456.7)] == [
        "0",
        "1e-20",
        "True",
        "7",
        "1.235e+05",
    ]
    assert [size(shape) for shape in ((), (3,), (3, 4))] == ["()", "(3,)", "(3, 4)"]
    assert setting((1, slice(None, None, 2), 0.5, "mean")) == "[1, ::2, 0.5, mean]"


def test_kinds_differ_in_shape_and_in_colour() -> None:
    assert len({look.shape for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.fill for look in LOOKS.values()}) == len(LOOKS)
    drawing = draw(own_loop(2))
    shapes = re.findall(r" shape=(\w+) ", drawing.source)
    # W; h₋₁, x₀, x₁; the number 2; and matmul, add, tanh twice, power, sum
    assert sorted(shapes) == ["cylinder", "ellipse", *["note"] * 3, *["plain"] * 8]
    module = draw(net("GRU", 2), depth=1)
    assert "shape=component" in module.source


def test_letters_are_dark_on_light_in_any_viewer() -> None:
    def brightness(colour: str) -> float:
        r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    source = draw(net("LSTM", 2)).source
    papers = {*re.findall(r'(?i)(?:bgcolor|fillcolor)="(#\w+)"', source)}
    inks = {*re.findall(r'(?i)(?:fontcolor| COLOR)="(#\w+)">?', source)} & {
        *re.findall(r'<FONT POINT-SIZE="10" COLOR="(#\w+)">', source),
        *re.findall(r'fontcolor="(#\w+)"', source),
    }
    assert "#ffffff" in papers
    assert len(papers) > 4 and len(inks) >= 3
    for paper in papers:
        for ink in inks:  # WCAG 2.1, level AA
            assert (brightness(paper) + 0.05) / (brightness(ink) + 0.05) > 4.5, (paper, ink)


def test_boxes_are_modules_layers_and_time_steps() -> None:
    source = draw(net("LSTM", 2, num_layers=2)).source
    titles = re.findall(r"label=<([^<>]*)> labeljust", source)
    assert titles == ["lstm", "l0", "t = 0", "t = 1", "l1", "t = 0", "t = 1"]
    depth, deepest = 0, 0
    for line in source.splitlines():
        depth += line.count("subgraph") - (line.strip() == "}")
        deepest = max(deepest, depth)
    assert deepest == 3


def test_arrows_point_at_the_input_that_they_are() -> None:
    a, b = tg.Value(1.0, name="a"), tg.Value(2.0, name="b")
    source = draw(b - a).source
    assert "n1 -> n2:i0:n\n" in source  # n0 is a, n1 is b
    assert "n0 -> n2:i1:n\n" in source
    assert re.search(r'PORT="i0"[^>]*><FONT[^>]*>a<', source)
    source = draw(a + a).source
    assert "n0 -> n1:i0:n\n" in source and "n0 -> n1:i1:n\n" in source
    assert "PORT" not in draw(np.stack([a, b])).source  # its members have no names


def test_every_arrow_of_the_graph_is_drawn_once() -> None:
    drawing = draw(first_expression())
    assert len(statements(drawing)) == 35
    # 21 ops of two inputs, but for −a and two relu, which have one
    assert len(arrows(drawing)) == 22 * 2 + 3


def test_the_same_graph_gives_the_same_text() -> None:
    for rolled in (False, True):
        one, other = net("GRU", 3), net("GRU", 3)
        for value in (one, other):
            value.backward()
        assert draw(one, rolled).source == draw(one, rolled).source == draw(other, rolled).source


def test_values_and_gradients_can_be_left_out() -> None:
    y = first_expression()
    y.backward()
    assert "grad" not in draw(y, grads=False).source
    assert "value" in draw(y, grads=False).source
    bare = draw(y, values=False, grads=False).source
    assert "grad" not in bare and "value" not in bare
    numbers = [words(s) for s in statements(draw(y, values=False)).values() if "ellipse" in s]
    assert sorted(numbers) == [["1"], ["1"], ["10"], ["2"], ["2"], ["2"], ["3"], ["3"]]


def test_drawing_changes_nothing() -> None:
    y = first_expression()
    before = repr(y), y.grad
    draw(y)
    assert (repr(y), y.grad) == before


def test_a_rolled_drawing_has_the_same_nodes_and_arrows_for_any_time() -> None:
    sizes = [
        (len(statements(drawing)), len(arrows(drawing)))
        for drawing in (draw(net("LSTM", T), rolled=True) for T in (5, 50, 500))
    ]
    assert sizes == [(25, 29)] * 3


def test_arrows_through_time_are_dashed_and_labelled() -> None:
    lines = draw(net("LSTM", 3), rolled=True).source.splitlines()
    dashed = [line for line in lines if "->" in line and "style=dashed" in line]
    assert len(dashed) == 2  # h and c
    assert all("label=< t - 1>" in line for line in dashed)
    assert all("dir=back" in line for line in dashed)  # drawn from below, pointing up


def test_depth_folds_modules() -> None:
    loss = net("LSTM", 3, num_layers=2)
    loss.backward()
    found = statements(draw(loss, depth=1))
    modules = [words(s) for s in found.values() if "component" in s]
    weights = sum(16 * columns for columns in (3, 4, 1, 1, 4, 4, 1, 1))  # 4H = 16 rows
    assert modules == [["lstm", f"{2 * 3 * 14 + 1} ops", f"8 parameters, {weights} numbers"]]
    assert len(found) == 1 + 3  # and 2, power, sum
    titles = [words(s)[0] for s in statements(draw(loss, depth=2)).values() if "component" in s]
    assert titles == ["l0", "l1"]
    titles = [words(s)[0] for s in statements(draw(loss, depth=3)).values() if "component" in s]
    assert titles == ["t = 0", "t = 1", "t = 2"] * 2


@pytest.mark.parametrize("depth", [0, -1, 1.5, True, "1"])
def test_what_is_no_depth_is_refused(depth: Any) -> None:
    with pytest.raises(ValueError, match=r"(?s)depth=.*fix: depth=1"):
        draw(first_expression(), depth=depth)


def test_too_large_a_graph_is_refused_at_once_with_advice() -> None:
    x = tg.Value(1.0)
    for _ in range(100_000):
        x = x + 1.0
    for options in ({}, {"rolled": True}, {"depth": 1}):
        began = time.perf_counter()
        with pytest.raises(ValueError, match=r"(?s)too many nodes .* 100,000 .*fix: ") as error:
            draw(x, **options)  # type: ignore[arg-type]
        assert time.perf_counter() - began < 1.0
    assert "rolled=True" in str(error.value) and "depth=1" in str(error.value)
    with pytest.raises(ValueError) as error:
        draw(x, rolled=True)
    assert "rolled=True" not in str(error.value)
    assert "time_step(t)" in str(error.value)


def test_the_limit_can_be_moved() -> None:
    y = tg.Value(1.0) * 2.0 + 3.0
    assert draw(y, limit=5)
    with pytest.raises(ValueError, match="too many nodes"):
        draw(y, limit=4)
    x = tg.Value(1.0)
    for _ in range(LIMIT):
        x = x + x
    with pytest.raises(ValueError, match="too many nodes"):
        draw(x)
    assert len(statements(draw(x, limit=None))) == LIMIT + 1


def test_a_long_loop_is_refused_unrolled_and_drawn_rolled() -> None:
    loss = net("RNN", 400)
    with pytest.raises(ValueError, match="rolled=True draws the ops of all time steps once"):
        draw(loss)
    assert len(statements(draw(loss, rolled=True))) == 12
    assert len(statements(draw(loss, depth=1))) == 4


def test_someone_elses_objects_are_refused() -> None:
    for thing in (graphviz.Digraph(), np.ones(3), "loss", tg.nn.RNN(2, 3)):
        with pytest.raises(TypeError, match="no graph to see in"):
            draw(thing)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no graph to see in"):
        draw(tg.Value(1.0))


def test_it_is_a_digraph_that_can_be_changed() -> None:
    drawing = draw(tg.Value(1.0) * 2.0)
    assert isinstance(drawing, graphviz.Digraph)
    drawing.attr(rankdir="LR")
    assert "rankdir=LR" in drawing.source
    assert drawing.copy().source == drawing.source
