"""Time steps that nobody has named are found where `time_step` would have named them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check.time_steps import inferred_times, times_of
from tinygrad_rnn.engine.graph import Node, ancestors

T, H, D = 4, 3, 2
XS = np.random.default_rng(0).normal(size=(T, D))


def weights() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    shapes = {"W": (H, D), "U": (H, H), "R": (H, H), "J": (H, H + D), "V": (2, H), "b": (H,)}
    return {name: tg.Value(rng.normal(size=s), name=name) for name, s in shapes.items()}


def rnn(w: Any, x: Any, h: Any) -> Any:
    return np.tanh(w["W"] @ x + w["U"] @ h + w["b"])


def gru(w: Any, x: Any, h: Any) -> Any:
    z = tg.sigmoid(w["R"] @ h)
    return (1 - z) * rnn(w, x, z * h) + z * h


def residual(w: Any, x: Any, h: Any) -> Any:
    return h + rnn(w, x, h)


def joined(w: Any, x: Any, h: Any) -> Any:
    return np.tanh(w["J"] @ np.concatenate([h, x]))


@pytest.mark.parametrize("step", [rnn, gru, residual, joined])
@pytest.mark.parametrize("read", ["each step", "stacked", "last"])
def test_a_loop_without_names_has_the_steps_of_one_with_names(step: Any, read: str) -> None:
    def run(named: bool) -> list[Node]:
        w, h, losses, hs = weights(), np.ones(H), [], []
        for t, x in enumerate(XS):
            with tg.time_step(t) if named else nullcontext():
                h = step(w, x, h)
                if read == "each step":
                    losses.append(np.sum((w["V"] @ h) ** 2))
            hs.append(h)
        loss = sum(losses) if losses else np.sum((np.stack(hs) if read == "stacked" else h) ** 2)
        return ancestors(loss)

    named, unnamed = run(True), run(False)
    assert [n.rule for n in named] == [n.rule for n in unnamed]
    expected = list(times_of(named).values())
    leaves = [n for n in unnamed if n.rule is None]
    found = list(inferred_times(unnamed, set(leaves)).values())
    # What is computed after the loop from one step alone may count as that step's.
    after = {"each step": T, "stacked": 0, "last": 2}[read]
    count = len(found) - after
    assert found[:count] == expected[:count]
    assert {t for t in found if t is not None} == set(range(T))


def test_without_a_recurrence_there_are_no_steps() -> None:
    w = weights()
    nodes = ancestors(np.sum(np.tanh(w["U"] @ (w["W"] @ XS[0]))))
    assert set(inferred_times(nodes, {w["U"], w["W"]}).values()) == {None}
