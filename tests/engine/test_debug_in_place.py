"""`debug` finds data that was changed between forward and backward, if a derivative needs it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ChangedDataError, Value, debug
from tinygrad_rnn.extend import RULES

FILE = "test_debug_in_place.py"


def lines_of(function: Callable[..., Any], *texts: str) -> list[int]:
    """Return the numbers of the lines of a function that begin with the given texts."""
    source, first = inspect.getsourcelines(function)
    found = [
        [first + i for i, line in enumerate(source) if line.strip().startswith(t)] for t in texts
    ]
    assert all(len(numbers) == 1 for numbers in found), found
    return [numbers[0] for numbers in found]


def test_a_changed_input_is_named_with_the_lines_between_which_it_happened() -> None:
    w = Value(np.ones((2, 2)), name="w")

    def program() -> None:
        h = w @ np.ones(2)
        k = (h * w).sum()
        w.data += 1.0
        z = (k * w).sum()
        z.backward()

    with pytest.raises(ChangedDataError) as caught, debug():
        program()
    taken, seen = lines_of(program, "k = ", "z = ")
    text = str(caught.value)
    assert text.startswith("'w' (2, 2) float64 was changed in place between forward and backward\n")
    assert f"changed after: {FILE}:{taken}, in program: k = (h * w).sum()" in text
    assert f"and before: {FILE}:{seen}, in program: z = (k * w).sum()" in text
    assert "the derivative of y = a · b needs the numbers that the op ran with" in text
    assert w.grad is None


def test_where_nothing_saw_it_changed_the_backward_call_is_named() -> None:
    x = np.array([1.0, 2.0])
    w = Value([3.0, 4.0])

    def program() -> None:
        y = (w * x).sum()
        x[0] = 7.0
        y.backward()

    with pytest.raises(ChangedDataError, match="argument 'b' of multiply") as caught, debug():
        program()
    taken, swept = lines_of(program, "y = ", "y.backward")
    assert f"changed after: {FILE}:{taken}" in str(caught.value)
    assert f"and before: {FILE}:{swept}" in str(caught.value)


def test_a_changed_result_is_found() -> None:
    x = Value([1.0, 2.0])
    with debug():
        y = np.tanh(x)
        y.data[0] = 0.5
        with pytest.raises(ChangedDataError, match="the result of tanh was changed in place"):
            y.sum().backward()


def test_a_single_number_that_was_exchanged_is_found() -> None:
    w = Value(3.0, name="w")
    with debug():
        y = w * w
        w.data = np.float64(2.0)
        with pytest.raises(ChangedDataError, match="'w'"):
            y.backward()


def test_an_optimiser_that_steps_between_forward_and_backward_is_found() -> None:
    w = Value([0.3, 0.4], name="w")
    optimizer = tg.optim.SGD([w], lr=0.1)
    with debug():
        h = np.tanh(w * w)
        h.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        later = (h * w).sum()  # h is carried over the step, and was not detached
        with pytest.raises(ChangedDataError, match="detach a state that is carried over"):
            later.backward()


def test_the_same_numbers_written_again_are_no_change() -> None:
    w = Value([3.0, 4.0])
    with debug():
        y = (w * w).sum()
        w.data[...] = [3.0, 4.0]
        y.backward()
    np.testing.assert_array_equal(w.grad, [6.0, 8.0])


@pytest.mark.parametrize(
    ("op", "changed", "needed"),
    [
        (lambda a, b: a + b, 0, False),
        (lambda a, b: a - b, 1, False),
        (lambda a, b: a * b, 0, True),
        (lambda a, b: a / b, 1, True),
        (lambda a, b: a @ b, 1, True),
        (lambda a, b: np.exp(a), 0, False),  # its derivative is its result
        (lambda a, b: np.exp(a), None, True),
        (lambda a, b: np.sin(a), 0, True),
        (lambda a, b: np.sin(a), None, False),
        (lambda a, b: tg.relu(a), 0, True),
        (lambda a, b: a.sum(), 0, False),
        (lambda a, b: np.maximum(a, b), 0, True),
        (lambda a, b: a[1:], 0, False),
        (lambda a, b: tg.linear(a, b[None, :]), 0, True),
    ],
)
def test_only_data_that_the_derivative_depends_on_counts(
    op: Callable[[Any, Any], Any], changed: int | None, needed: bool
) -> None:
    a, b = Value([1.0, 2.0]), Value([3.0, 0.5])
    with debug():
        y = op(a, b)
        loss = y.sum()
        target = y if changed is None else (a, b)[changed]
        target.data *= 1.5
        if needed:
            with pytest.raises(ChangedDataError):
                loss.backward()
        else:
            loss.backward()


def test_integer_indices_that_changed_are_found() -> None:
    index = np.array([0, 2])
    x = Value([1.0, 2.0, 3.0])
    with debug():
        y = x[index].sum()
        index[0] = 1
        with pytest.raises(ChangedDataError, match="getitem"):
            y.backward()


def test_every_op_with_a_derivative_runs_under_debug_as_it_does_without() -> None:
    x = Value(np.array([[0.3, 0.7], [0.2, 0.9]]), name="x")
    ops = [name for name, rule in RULES.items() if rule.differentiable and rule.elementwise]
    ran = 0
    for name in ops:
        rule = RULES[name]
        if rule.least != 1 or rule.variadic:
            continue
        plain = tg.grad(lambda v, rule=rule: Value.apply(rule, (v,)).sum())(x.data)
        with debug():
            watched = tg.grad(lambda v, rule=rule: Value.apply(rule, (v,)).sum())(x.data)
        np.testing.assert_array_equal(plain, watched, err_msg=name)
        ran += 1
    assert ran >= 10


def test_it_can_be_switched_off() -> None:
    w = Value([3.0, 4.0])
    with debug(in_place=False):
        y = (w * w).sum()
        w.data += 1.0
        y.backward()
