"""What the passes make of programs, counted; and that a broken program is noticed."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.benchmarks.ours import head_after_model, layer_model, loop_model, rows_model
from tests.benchmarks.problem import make
from tinygrad_rnn.compiler import PASSES, Program
from tinygrad_rnn.compiler.program.steps import step

from ..agreement import assert_agrees

MODELS = {
    "layer": layer_model,
    "loop": loop_model,
    "look-ups": rows_model,
    "head after": head_after_model,
}


def compiled(model: str, case: str) -> Any:
    _, loss, *args = MODELS[model](make(case))
    f = tg.compile(loss)
    f(*args).backward()
    return f


def counts(program: Program) -> Counter[str]:
    return Counter(s.rule.name for s in program.computed() if s.rule)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", ["rnn1:12", "lstm1:12", "rnn50:12", "lstm50:12"])
def test_stacks_of_the_benchmarks_cases_take_no_copy(model: str, case: str) -> None:
    assert ", 0 of them copies into stacks" in compiled(model, case).report()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", ["rnn1", "lstm1"])
def test_products_over_time_become_one(model: str, case: str) -> None:
    T = 20
    program = compiled(model, f"{case}:{T}").program
    before, after = counts(program.history["trace"]), counts(program)
    # What is left at each step is the recurrent product, there and back.
    recurrent = 2 * T - 1
    assert after["matmul"] <= recurrent + 10 < before["matmul"] + before["recurrent_linear"] + T
    assert after["matmul"] >= recurrent


def test_weights_that_are_transposed_at_each_step_are_gathered_too() -> None:
    """(aᵀ g)ᵀ = gᵀ a: the gradient of W.T is a product over time as well."""
    T, H = 20, 4
    W, U = params = [tg.Value(0.5 * np.random.default_rng(i).normal(size=(H, H))) for i in (0, 1)]

    def loss(x):  # type: ignore[no-untyped-def]
        h = np.zeros((3, H))
        for t in range(T):
            h = np.tanh(x[t] @ W.T + h @ U.T)
        return np.sum(h * h)

    f = assert_agrees(
        loss, params, [(np.random.default_rng(i).normal(size=(T, 3, H)),) for i in (0, 1)]
    )
    # T recurrent ones, T - 1 back, the inputs', and the weights' gradients; one for h = 0.
    assert counts(f.program)["matmul"] <= 2 * T - 1 + 1 + 2 + 1


def test_the_number_of_steps_grows_linearly_with_time() -> None:
    sizes = {}
    for T in (50, 100, 200):
        f = compiled("loop", f"lstm1:{T}")
        sizes[T] = [p.count() for p in f.program.history.values()]
    for a, b, c in zip(*sizes.values(), strict=True):
        assert abs((c - b) - 2 * (b - a)) <= 20  # the same for each step, but for the ends


@pytest.mark.parametrize("case", ["rnn50", "lstm50:20"])
@pytest.mark.parametrize("model", ["layer", "loop"])
def test_memory_is_no_more_than_the_eager_step_takes(model: str, case: str) -> None:
    _, loss, *args = MODELS[model](make(case))
    tracemalloc.start()
    loss(*args).backward(retain_grad=False)
    eager = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    f = compiled(model, case)
    block = f.last.pools.executable(f.last.pools.expected).plan.memory.nbytes
    tracemalloc.start()
    f(*args).backward(retain_grad=False)
    beside = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert block + beside < 1.1 * eager


def test_each_pass_is_recorded_and_can_be_left_out() -> None:
    _, loss, *args = layer_model(make("lstm1:6"))
    program = compiled("layer", "lstm1:6").program
    assert list(program.history) == ["trace", *PASSES]
    expected = float(loss(*args))
    for left_out in PASSES:
        f = tg.compile(loss, passes=[name for name in PASSES if name != left_out])
        y = f(*args)
        y.backward()
        assert left_out not in f.program.history
        np.testing.assert_allclose(float(y), expected, rtol=2e-6)


def test_a_pass_that_breaks_a_program_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    W = tg.Value(np.eye(2))

    def narrower(program: Program) -> Program:
        (y,) = program.outputs
        return Program([step(tg.RULES["sum"], [y])], program.gradients)

    def disordered(program: Program) -> Program:
        y = program.outputs[0]
        y.shape = (9,)
        return program

    for wrong in (narrower, disordered):
        monkeypatch.setitem(PASSES, "wrong", wrong)
        with pytest.raises(tg.GraphError, match="not well-formed"):
            tg.compile(lambda x: W @ x, passes=["wrong"])(np.ones(2))


def test_equal_steps_become_one_and_random_ones_do_not() -> None:
    W = tg.Value(np.ones(50))
    rng = np.random.default_rng(0)
    f = tg.compile(lambda x: np.sum(np.tanh(W * x) * np.tanh(W * x)))
    f(np.ones(50)).backward()
    assert counts(f.program.history["simplify"])["tanh"] == 1
    g = tg.compile(
        lambda x: np.sum(
            tg.dropout(W * x, p=0.5, generator=rng) * tg.dropout(W * x, p=0.5, generator=rng)
        )
    )
    assert 0 < float(g(np.ones(50))) < 200  # two masks, which agree in about half of the places
    assert counts(g.program)["keep_mask"] == 2


def test_a_program_prints_its_steps() -> None:
    W = tg.Value(np.eye(2), name="W")
    f = tg.compile(lambda x: np.sum(np.tanh(x @ W)))
    f(np.ones((1, 2))).backward()
    lines = str(f.program).splitlines()
    assert lines[0].split() == ["%0", "=", "argument", "0", ":", "float64", "1×2"]
    assert any("parameter 0" in line and "# W" in line for line in lines)
    assert sum("→ output 0" in line for line in lines) == 1
    assert sum("→ gradient 0" in line for line in lines) == 1
    assert len(lines) == sum(not s.is_number for s in f.program.steps)
