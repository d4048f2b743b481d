"""Every case of every op, compiled: with all passes, with none, and with each one switched off.

The cases are those that the ops' own derivatives are checked on. Their inputs come as Values among
the arguments, as parameters and as plain arrays; in both dtypes; in every order in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.ops.cases import CASES, PLAIN_CASES, Case
from tinygrad_rnn.compiler import PASSES
from tinygrad_rnn.engine.pullback import leaves

from .agreement import CLOSE, arrays

DRAWN = {"keep_mask"}  # from a generator that the case makes itself: another at each call
CASES_HERE = [case for case in CASES + PLAIN_CASES if case.rule not in DRAWN]
WITHOUT_ONE = {f"without {name}": [p for p in PASSES if p != name] for name in PASSES}


def reversed_in_memory(x: np.ndarray) -> np.ndarray:
    backwards = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[backwards])[backwards]


def with_gaps(x: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    wide[(slice(None, None, 2),) * x.ndim] = x
    return wide[(slice(None, None, 2),) * x.ndim]


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


LAID_OUT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "columns first": np.asfortranarray,
    "reversed": reversed_in_memory,
    "with gaps": with_gaps,
    "read-only": read_only,
}


def is_float(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"


def inputs_of(case: Case, dtype: type, lay_out: Callable[..., Any] = np.array) -> list[Any]:
    inputs = [x.astype(dtype) if is_float(x) else x for x in case.inputs]
    return [lay_out(x) if np.ndim(x) else x for x in inputs]


def found(fn: Callable[..., Any], args: Iterable[Any], wanted: list[tg.Value]) -> list[Any]:
    """What a call and its backward leave: kinds of results, their numbers, gradients or None."""
    for p in wanted:
        p.grad = None
    result = fn(*args)
    if isinstance(result, dict):
        result["loss"].backward()
    return [list(map(kind_of, leaves(result))), arrays(result), [p.grad for p in wanted]]


def kind_of(y: Any) -> tuple[type, ...]:
    """Value, array or NumPy scalar; a truth may be NumPy's."""
    if isinstance(y, tg.Value):
        return (tg.Value, type(y.data))
    return (np.bool_,) if isinstance(y, bool) else (type(y),)


def assert_compiled_is_the_same(
    case: Case, inputs: list[Any], how: str, passes: Iterable[str] | None = None
) -> None:
    values = [tg.Value(x) if is_float(x) and how != "arrays" else x for x in inputs]
    wanted = [x for x in values if isinstance(x, tg.Value)]

    def fn(*args: Any) -> Any:
        y = case(*(values if how == "parameters" else args))
        if not (isinstance(y, tg.Value) and y.requires_grad):
            return y
        return {"y": y, "loss": np.sum(np.sin(1.3 * y) ** 2) + np.sum(y)}

    compiled = tg.compile(fn, passes=passes)
    args = [0] if how == "parameters" else values
    for _ in range(2):
        kinds, results, gradients = found(compiled, args, wanted)
        kinds_, results_, gradients_ = found(fn, args, wanted)
        assert kinds == kinds_
        assert [g is None for g in gradients] == [g is None for g in gradients_]
        # A sum whose terms cancel is as right as its terms are.
        scale = max(np.max(np.abs(x), initial=0.0) for x in inputs if np.ndim(x) or is_float(x))
        for mine, theirs in zip(results + gradients, results_ + gradients_, strict=True):
            if theirs is None:
                continue
            assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
            if theirs.dtype.kind != "f" or passes == ():
                np.testing.assert_array_equal(mine, theirs)
                continue
            near = CLOSE[theirs.dtype] * max(scale, np.max(np.abs(theirs), initial=0.0))
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=near)


@pytest.mark.parametrize("case", CASES_HERE, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_with_all_passes_and_with_none(case: Case, dtype: type) -> None:
    inputs = inputs_of(case, dtype)
    for how in ("arguments", "parameters", "arrays"):
        assert_compiled_is_the_same(case, inputs, how, passes=())
        assert_compiled_is_the_same(case, inputs, how)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_with_each_pass_switched_off(case: Case) -> None:
    inputs = inputs_of(case, np.float64)
    for passes in WITHOUT_ONE.values():
        assert_compiled_is_the_same(case, inputs, "parameters", passes)


@pytest.mark.parametrize("case", CASES_HERE, ids=str)
def test_arrays_that_lie_otherwise_in_memory(case: Case) -> None:
    for lay_out in LAID_OUT.values():
        inputs = inputs_of(case, np.float64, lay_out)
        assert_compiled_is_the_same(case, inputs, "parameters")
    assert_compiled_is_the_same(case, inputs_of(case, np.float64, reversed_in_memory), "arguments")
