"""A call that NumPy refuses is refused here with an exception of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value

X = np.arange(24.0).reshape(2, 4, 3)

Function = Callable[[Any, Any], Any]
REFUSED: dict[str, Function] = {
    "split: unequal sections": lambda m, x: m.split(x, 3, axis=1),
    "split: no section": lambda m, x: m.split(x, 0),
    "split: fewer than no section": lambda m, x: m.split(x, -2, axis=1),
    "split: no such axis": lambda m, x: m.split(x, 2, axis=3),
    "split: a number": lambda m, x: m.split(x[0, 0, 0], 1),
    "squeeze: an axis that is longer": lambda m, x: m.squeeze(x, 1),
    "squeeze: one of several is longer": lambda m, x: m.squeeze(x[:, :, :1], (2, 1)),
    "squeeze: no such axis": lambda m, x: m.squeeze(x, 3),
    "squeeze: the same axis twice": lambda m, x: m.squeeze(x[:, :, :1], (2, -1)),
    "expand_dims: no such place": lambda m, x: m.expand_dims(x, 5),
    "expand_dims: the same place twice": lambda m, x: m.expand_dims(x, (1, 1)),
    "expand_dims: no number": lambda m, x: m.expand_dims(x, "first"),
    "swapaxes: no such axis": lambda m, x: m.swapaxes(x, 0, 3),
    "swapaxes: no such axis from the end": lambda m, x: m.swapaxes(x, -4, 0),
    "moveaxis: no such axis": lambda m, x: m.moveaxis(x, 3, 0),
    "moveaxis: no such place": lambda m, x: m.moveaxis(x, 0, -4),
    "moveaxis: not as many": lambda m, x: m.moveaxis(x, (0, 1), (2,)),
    "moveaxis: an axis twice": lambda m, x: m.moveaxis(x, (0, 0), (1, 2)),
    "var: no such axis": lambda m, x: m.var(x, axis=3),
    "var: an axis twice": lambda m, x: m.var(x, axis=(0, -3)),
    "dot: lengths that differ": lambda m, x: m.dot(x, x[0]),
    "dot: vectors of other lengths": lambda m, x: m.dot(x[0, :, 0], x[0, 0]),
    "dot: three axes that do not fit": lambda m, x: m.dot(x, x),
    "reshape: another number of entries": lambda m, x: m.reshape(x, (5, 5)),
    "transpose: not a permutation": lambda m, x: m.transpose(x, (0, 1, 1)),
    "transpose: too few axes": lambda m, x: m.transpose(x, (0, 1)),
    "broadcast_to: lengths that differ": lambda m, x: m.broadcast_to(x, (2, 4, 4)),
    "flip: no such axis": lambda m, x: m.flip(x, 3),
    "concatenate: lengths that differ": lambda m, x: m.concatenate([x, x[:, 1:]]),
    "concatenate: numbers of axes that differ": lambda m, x: m.concatenate([x, x[0]]),
    "concatenate: nothing": lambda m, x: m.concatenate([x[:0]][:0]),
    "concatenate: no such axis": lambda m, x: m.concatenate([x, x], axis=3),
    "stack: shapes that differ": lambda m, x: m.stack([x[0], x[0, 1:]]),
    "stack: no such axis": lambda m, x: m.stack([x, x], axis=5),
    "sum: no such axis": lambda m, x: m.sum(x, axis=-4),
    "max of nothing": lambda m, x: m.max(x[:0]),
    "take: out of range": lambda m, x: m.take(x, [0, 4], axis=1),
    "take: no such axis": lambda m, x: m.take(x, [0], axis=3),
    "matmul: lengths that differ": lambda m, x: m.matmul(x, x),
    "matmul: a number": lambda m, x: m.matmul(x, 2.0),
    "einsum: lengths that differ": lambda m, x: m.einsum("abc,cbd", x, x),
    "einsum: too few operands": lambda m, x: m.einsum("abc,cd->abd", x),
    "einsum: too many operands": lambda m, x: m.einsum("abc->a", x, x),
    "einsum: too few letters": lambda m, x: m.einsum("ab->a", x),
    "einsum: too many letters": lambda m, x: m.einsum("abcd->a", x),
    "einsum: an output letter of nowhere": lambda m, x: m.einsum("abc->z", x),
    "einsum: an output letter twice": lambda m, x: m.einsum("abc->aa", x),
    "einsum: no letter": lambda m, x: m.einsum("ab?->a", x),
    "clip: shapes that differ": lambda m, x: m.clip(x, np.zeros(2), 1.0),
    "where: shapes that differ": lambda m, x: m.where(x > 0, x, x[:, 1:]),
    "pad: widths that do not fit": lambda m, x: m.pad(x, ((1, 1), (1, 1))),
}


def error_of(f: Callable[[], Any]) -> Exception:
    try:
        result = f()
    except Exception as error:
        return error
    pytest.fail(f"nothing was raised; the result is {result!r}")


def builtin_kinds(error: Exception) -> set[type]:
    """Return the builtins that catch an error, but for those that catch nearly everything."""
    broad = {Exception, BaseException, object}
    return {kind for kind in type(error).__mro__ if kind.__module__ == "builtins"} - broad


@pytest.mark.parametrize("door", [tg, np], ids=["tg", "np"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_an_error_of_numpy_s_kind(name: str, door: Any) -> None:
    f = REFUSED[name]
    theirs = error_of(lambda: f(np, X))
    ours = error_of(lambda: f(door, Value(X)))
    assert builtin_kinds(ours) & builtin_kinds(theirs), f"{ours!r} where NumPy raises {theirs!r}"


@pytest.mark.parametrize("name", REFUSED)
def test_the_message_names_the_function_or_the_axis(name: str) -> None:
    f = REFUSED[name]
    theirs, ours = str(error_of(lambda: f(np, X))), str(error_of(lambda: f(tg, Value(X))))
    called = name.partition(":")[0].removesuffix(" of nothing")
    # What is composed may be refused by the op that it is made of, which names itself.
    names = {"dot": ["dot", "matmul", "einsum"], "var": ["var", "mean"]}.get(called, [called])
    assert theirs in ours or any(word in ours for word in [*names, "axis"]), ours


def test_unstack_refuses_what_has_no_such_axis() -> None:
    for x, axis in ((Value(2.0), 0), (Value(X), 3), (Value(X), -4)):
        with pytest.raises((ValueError, IndexError)):
            tg.unstack(x, axis)
