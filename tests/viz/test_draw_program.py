"""Drawings of programs: every step of a compiled function, before and after each pass."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler import PASSES, Program


@pytest.fixture(scope="module")
def program() -> Program:
    rng = np.random.default_rng(0)
    Wx, Wh = (tg.Value(rng.normal(size=(n, 3)), name=name) for n, name in ((2, "Wx"), (3, "Wh")))

    @tg.compile
    def loss(xs, h):  # type: ignore[no-untyped-def]
        for t in range(6):
            with tg.time_step(t):
                h = np.tanh(xs[t] @ Wx + h @ Wh)
        return np.sum(h**2)

    loss(rng.normal(size=(6, 1, 2)), np.zeros((1, 3))).backward()
    found: Program = loss.program
    return found


@pytest.mark.parametrize("after", [None, "trace", *PASSES])
def test_each_step_is_a_node_and_each_input_an_arrow(program: Program, after: str | None) -> None:
    drawn = program if after is None else program.history[after]
    source = tg.draw(program, after=after).source
    nodes = re.findall(r"^\s*n\d+ \[", source, re.MULTILINE)
    assert len(nodes) == len(drawn.steps)
    arrows = set(re.findall(r"^\s*(n\d+) -> (n\d+)", source, re.MULTILINE))
    number = {s: f"n{i}" for i, s in enumerate(drawn.steps)}
    assert arrows == {(number[x], number[s]) for s in drawn.steps for x in s.inputs}
    assert "cut" not in source


def test_names_of_parameters_outputs_and_gradients_are_written(program: Program) -> None:
    source = tg.draw(program).source
    for name in ("Wx", "Wh", "argument 0", "seed 0", "output 0", "gradient 0", "gradient 1"):
        assert name in source


def test_a_reader_sees_that_products_over_time_become_one(program: Program) -> None:
    def products(of: Program) -> int:
        return sum(s.rule is tg.RULES["matmul"] for s in of.steps)

    # Traced: two products a step, one back through each but the first, and two for the weights.
    assert products(program.history["trace"]) == 2 * 6 + 5 + 2
    assert products(program) == 1 + 6 + 5 + 2


def test_a_pass_that_was_not_made_is_refused(program: Program) -> None:
    with pytest.raises(ValueError, match=r"no pass 'speed'.*\n.*\n.*trace"):
        tg.draw(program, after="speed")


def test_a_program_too_large_to_draw_is_refused(program: Program) -> None:
    with pytest.raises(ValueError, match="too many nodes"):
        tg.draw(program, limit=10)
