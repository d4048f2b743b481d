"""A compiled function held against itself uncompiled: results, and gradients of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.engine.pullback import leaves

Params = Iterable[tg.Value]

CLOSE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-6}  # of an array's largest entry


def arrays(tree: Any) -> list[np.ndarray]:
    """The numbers of a result, whatever its form."""
    return [x.data if isinstance(x, tg.Value) else np.asarray(x) for x in leaves(tree)]


def step(fn: Callable[..., Any], params: Params, args: tuple[Any, ...]) -> list[np.ndarray]:
    """Results and gradients: of `params`, and of Values among the arguments."""
    wanted = [*params, *(x for x in args if isinstance(x, tg.Value) and x.requires_grad)]
    for p in wanted:
        p.grad = None
    result = fn(*args)
    loss = next(y for y in leaves(result) if isinstance(y, tg.Value) and y.requires_grad)
    loss.backward(None if loss.size == 1 else np.ones(loss.shape, loss.dtype))
    return arrays(result) + [np.zeros(p.shape) if p.grad is None else p.grad for p in wanted]


def assert_close(got: list[np.ndarray], expected: list[np.ndarray]) -> None:
    """Each array within the stated distance of its largest entry, in the same dtype and shape."""
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        largest = np.max(np.abs(theirs), initial=0.0)
        distance = np.max(np.abs(mine - theirs), initial=0.0)
        assert distance <= CLOSE.get(theirs.dtype, 0.0) * max(largest, 1e-30), (distance, largest)


def assert_agrees(
    fn: Callable[..., Any],
    params: Params,
    batches: Iterable[tuple[Any, ...]],
    *,
    passes: Iterable[str] | None = None,
    exactly: bool = False,
    traces: int = 1,
) -> Any:
    """Replays of new inputs, and of weights that have changed, agree with the function itself."""
    params = list(params)
    compiled = tg.compile(fn, passes=passes)
    for args in batches:
        expected = step(fn, params, args)
        got = step(compiled, params, args)
        if exactly:
            for mine, theirs in zip(got, expected, strict=True):
                np.testing.assert_array_equal(mine, theirs)
        else:
            assert_close(got, expected)
        for p in params:  # nothing of this batch's weights may be frozen in
            if p.grad is not None:
                # A step along a steep gradient goes no further: h² soon has no numbers for it.
                steepest = float(np.max(np.abs(p.grad), initial=1.0))
                p.data[...] -= 0.05 * p.grad / steepest
    assert sum(map(len, compiled.traces.values())) == traces
    return compiled
