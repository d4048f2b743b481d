"""Where gradients stop between time steps, a drawing says so: on the edges that `bptt` lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import bptt, nn
from tinygrad_rnn.viz.picture import Picture, folded, plain
from tinygrad_rnn.viz.rolled import roll
from tinygrad_rnn.viz.snapshot import snapshot

CELLS: dict[str, Callable[..., Any]] = {
    "rnn": nn.RNNCell,
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}


def window_losses(kind: str) -> list[tg.Value]:
    cell = CELLS[kind](2, 3, generator=np.random.default_rng(0))

    def step(x: np.ndarray, state: Any) -> tuple[Any, Any]:
        state = cell(x, state)
        return ((state[0] if kind == "lstm" else state) ** 2).sum(), state

    windows = bptt.Truncation(2, 3).windows(step, np.ones((8, 2)))
    return [window.loss for window in islice(windows, 3)]


def cut_arrows(picture: Picture) -> list[tuple[Any, Any]]:
    return [
        (picture.items[arrow.source], picture.items[arrow.target])
        for arrow in picture.arrows
        if arrow.cut
    ]


@pytest.mark.parametrize("kind", CELLS)
def test_the_drawn_cuts_are_the_edges_that_are_cut(kind: str) -> None:
    first, *later = window_losses(kind)
    assert cut_arrows(plain(snapshot(first))) == []
    for loss in later:
        graph = snapshot(loss)
        drawn = [
            (graph.originals[target.members[0].id], graph.originals[source.members[0].id])
            for source, target in cut_arrows(plain(graph))
        ]
        listed = bptt.cut_edges(loss)
        assert listed
        assert sorted(map(ids, drawn)) == sorted(map(ids, listed))


def ids(pair: tuple[Any, Any]) -> tuple[int, int]:
    return id(pair[0]), id(pair[1])


@pytest.mark.parametrize("kind", CELLS)
def test_rolled_and_folded_drawings_keep_the_cuts(kind: str) -> None:
    graph = snapshot(window_losses(kind)[2])
    states = 2 if kind == "lstm" else 1
    assert len({item.members[0].id for item, _ in cut_arrows(roll(graph))}) == states
    (folded_arrow,) = cut_arrows(folded(plain(graph), 1))
    assert [item.title for item in folded_arrow] == [
        "t = 2",
        "t = 3",
    ]  # steps 3 to 5, losses from 4 on


def test_data_that_needs_no_gradient_is_no_cut() -> None:
    """Made outside of time, or in the very step that reads it, or a weight that is frozen."""
    h, frozen = tg.Value(1.0), tg.Value(0.5, requires_grad=False)
    for t in range(3):
        with tg.time_step(t):
            h = frozen * h + tg.Value(2.0, requires_grad=False)
    assert cut_arrows(plain(snapshot(h))) == []
    assert "cut" not in tg.draw(h).source


@pytest.mark.parametrize("rolled", [False, True])
def test_a_cut_is_dotted_and_written_on(rolled: bool) -> None:
    source = tg.draw(window_losses("rnn")[1], rolled=rolled).source
    (line,) = re.findall(r"^.*cut: no gradient.*$", source, flags=re.MULTILINE)
    assert "style=dotted" in line
    assert "->" in line
