"""The graph as text: the same as the drawing, in lines that a terminal can show."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import LOOPS, first_expression, net
from tinygrad_rnn.viz import snapshot, tree
from tinygrad_rnn.viz.text import DEEPEST

LINE = re.compile(r"^(?P<indent>[│├└─ ]*)#(?P<id>\d+) (?P<rest>.*)$")


def lines(text: str) -> list[re.Match[str]]:
    found = [LINE.match(line) for line in text.split("\n")]
    assert all(found), text
    return [line for line in found if line]


def test_a_small_tree() -> None:
    W = tg.Value(np.arange(8.0), name="W")
    with tg.name_scope("net"), tg.time_step(1):
        h = np.tanh(W * 0.0) + W
    loss = np.sum(h, axis=0)
    loss.name = "loss"
    assert tree(loss, grads=False) == "\n".join(
        [
            "#5 loss  sum  y = Σ x  axis = 0  () float64  value 28",
            "└─ #4 add  y = a + b  (8,) float64  value 0 … 7, mean 3.5  in net/t=1",
            "   ├─ #3 tanh  y = tanh x  (8,) float64  value 0 everywhere",
            "   │  └─ #2 multiply  y = a · b  (8,) float64  value 0 everywhere",
            "   │     ├─ #0 W  parameter  (8,) float64  value 0 … 7, mean 3.5  in net",
            "   │     └─ #1 0",
            "   └─ #0 W ↑",
        ]
    )
    assert "grad not computed" in tree(loss)
    loss.backward()
    assert "value" not in tree(loss, values=False)
    assert tree(loss, values=False).count("grad 1 everywhere") == 4  # add, tanh, multiply and W
    assert "not computed" not in tree(loss)


@pytest.mark.parametrize("name", [*LOOPS, "first", "LSTM"])
def test_every_node_is_written_once_and_every_arrow_has_a_line(name: str) -> None:
    values = {"first": first_expression, "LSTM": lambda: net("LSTM", 4, num_layers=2)}
    value = values[name]() if name in values else LOOPS[name](4)
    graph = snapshot(value)
    found = lines(tree(value))
    said = [line for line in found if not line["rest"].endswith(("↑", "↓"))]
    assert sorted(int(line["id"]) for line in said) == list(range(len(graph)))
    below = sum(line["rest"].endswith("↓") for line in found)
    continued = [line for line in said[1:] if not line["indent"]]
    assert len(continued) <= below
    assert len(found) == 1 + len(list(graph.edges())) + len(continued)


def test_a_node_is_written_before_lines_point_up_to_it() -> None:
    seen: set[str] = set()
    for line in lines(tree(net("GRU", 5))):
        if line["rest"].endswith("↑"):
            assert line["id"] in seen
        elif not line["rest"].endswith("↓"):
            seen.add(line["id"])


def test_a_hundred_thousand_nodes_in_lines_that_do_not_grow() -> None:
    x = tg.Value(0.0)
    for _ in range(100_000):
        x = x + x
    text = tree(x * 0.0)
    longest = max(map(len, text.split("\n")))
    assert longest < 3 * DEEPEST + 100
    assert text.count("\n") < 250_000


def test_names_cannot_command_a_terminal() -> None:
    a = tg.Value(1.0, name="\x1b[2J\x07\n#9 b")
    with tg.name_scope("evil\x1b]0;title\x07"):
        y = a * 2.0
    assert "\x1b" not in tree(y) and "\x07" not in tree(y)
    assert len(lines(tree(y))) == 3


@pytest.mark.parametrize("thing", [1.0, None, [1.0], np.ones(2)])
def test_someone_elses_object_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="no graph to see"):
        tree(thing)
