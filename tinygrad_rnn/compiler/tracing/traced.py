"""What a function gets in place of its arrays while it is traced. Imports the engine, `program`.

A `Traced` Value has shape and dtype, but no numbers yet. Every op on it is taken down as a `Step`;
whatever wants to see a number raises, because the answer would hold for one batch only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import numpy as np

from ...engine import recording
from ...engine.graph import creation_order
from ...engine.rule import DOORS, NO_PARAMS, Rule
from ...engine.value import Value
from ..program.refusals import no_change_in_place, no_numbers, refusal
from ..program.steps import Step
from .in_place import ChangedInPlace
from .plain_rules import CAST, plain_rule, rule_of

# Methods of arrays that are NumPy's functions of the same name, with the array in front.
METHODS = {
    *("all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod"),
    *("cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat"),
    *("round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
}
CHANGING = {"fill", "partition", "put", "resize", "setfield", "setflags", "sort"}  # x itself
A_NUMBER = "pass a Python number as an argument, for each of which the function is traced"
STATIC: dict[Callable[..., Any], str] = {np.shape: "shape", np.ndim: "ndim", np.size: "size"}


class Absent:
    """Stands where the numbers will be. The engine asks it for shape and dtype; that is all."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, step: Step) -> None:
        self.shape = step.shape
        self.dtype = step.dtype
        self.ndim = step.ndim
        self.size = step.size

    def __getattr__(self, name: str) -> NoReturn:
        raise no_numbers(f".data.{name}")


class Traced(ChangedInPlace):
    """A Value whose numbers are not known yet.

    Attributes
    ----------
    step : Step
        What computes it when the program runs.
    is_plain : bool
        Whether without the tracing it would be a plain array, and no Value.
    """

    __slots__ = ()

    @classmethod
    def of(
        cls,
        step: Step,
        requires_grad: bool = False,
        rule: Rule | None = None,
        inputs: tuple[Any, ...] = (),
        params: dict[str, Any] = NO_PARAMS,
        *,
        plain: bool = False,
    ) -> Traced:
        """Make the Value of a step; with `rule`, as an op's result that gradients go through."""
        node = cls.__new__(cls)
        node.step = step
        node.is_plain = plain
        node.grad = None
        node.name = None
        node.scope = recording.current.get().scope
        node.order = next(creation_order)
        node.requires_grad = requires_grad
        node.rule = rule
        node.inputs = inputs
        node.params = params
        return node

    @property
    def data(self) -> Any:
        """Shape and dtype for the engine, which asks for no more; an error for everybody else."""
        if not sys._getframe(1).f_globals.get("__name__", "").startswith("tinygrad_rnn.engine."):
            raise no_numbers(".data")
        return Absent(self.step)

    shape = property(lambda self: self.step.shape)
    dtype = property(lambda self: self.step.dtype)
    ndim = property(lambda self: self.step.ndim)
    size = property(lambda self: self.step.size)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a single number")
        return self.shape[0]

    def detach(self) -> Value:
        """Return it without its past: no gradient goes through."""
        return Traced.of(self.step)

    def as_plain(self) -> Traced:
        """Return what is a plain array without the tracing."""
        return Traced.of(self.step, plain=True)

    def as_leaf(self) -> Value:
        """Return it without its past, requiring a gradient of its own."""
        return Traced.of(self.step, requires_grad=self.dtype.kind == "f")

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return it in another dtype: also whole numbers and truths, which have no gradient."""
        if np.dtype(dtype).kind == "f":
            return super().astype(dtype)
        return self.apply(CAST, (self,), {"dtype": np.dtype(dtype)})

    def backward(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: `.grad` belongs to the caller of the compiled function."""
        raise refusal(
            "backward inside a compiled function",
            where="y.backward(), while the function is traced",
            why="it writes .grad, which a replay of the program would not do",
            fix="return the loss and call backward on it outside; or return tg.grad(f)(x)",
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = method == "__call__" and not kwargs and ufunc not in DOORS
        if plain and not any(isinstance(x, Value) and x.requires_grad for x in inputs):
            return self.apply(rule_of(ufunc), inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in STATIC and len(args) == 1 and not kwargs:
            return getattr(args[0], STATIC[function])
        values = [x for x in args if isinstance(x, Value)]
        finds_places = function is np.where and len(args) == 1  # another name of np.nonzero
        has_rule = function in DOORS and not finds_places
        if has_rule or not values or any(x.requires_grad for x in values):
            return super().__array_function__(function, types, args, kwargs)
        # Whole numbers, truths and data, which need no gradient, may go through all of NumPy.
        return self.apply(plain_rule(function, args, kwargs), tuple(values))

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return partial(getattr(np, name), self)  # x.any(), x.repeat(2)
        if name in CHANGING:
            raise no_change_in_place(f"x.{name}(…)")
        if hasattr(np.ndarray, name) and not name.startswith("_"):
            raise no_numbers(f".{name}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def copy(self) -> Traced:
        """Return itself: nothing is ever changed in place."""
        return self

    def __and__(self, other: Any) -> Any:
        return np.bitwise_and(self, other)

    def __or__(self, other: Any) -> Any:
        return np.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Any:
        return np.bitwise_xor(self, other)

    def __invert__(self) -> Any:
        return np.invert(self)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __mod__(self, other: Any) -> Any:
        return np.remainder(self, other)

    def __lshift__(self, other: Any) -> Any:
        return np.left_shift(self, other)

    def __rshift__(self, other: Any) -> Any:
        return np.right_shift(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return np.remainder(other, self)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def item(self) -> NoReturn:
        """Refuse: there is no number yet."""
        raise no_numbers(".item()")

    def __float__(self) -> NoReturn:
        raise no_numbers("float(v)")

    def __int__(self) -> NoReturn:
        raise no_numbers("int(v)", fix=f"for x[:int(v)] and the like {A_NUMBER}")

    def __index__(self) -> NoReturn:
        raise no_numbers(
            "an index or range(v)",
            fix=f"write tg.take(rows, v, axis=0) for rows[v]; for range(v) {A_NUMBER}",
        )

    def __bool__(self) -> NoReturn:
        raise no_numbers(
            "if v:, while v: or v1 and v2",
            fix="write np.where(condition, a, b), which computes both and picks; or take the"
            " decision outside and compile the branches",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise no_numbers(
            "np.asarray(v), array[v] or array[t] = v",
            fix="write tg.take(array, v, axis=0) for array[v]; put rows into a list and"
            " np.stack it for array[t] = v; tg.one_hot(v, like) for array[v] = 1; v itself for"
            " np.asarray(v)",
        )

    def __hash__(self) -> int:
        asks = sys._getframe(1).f_globals.get("__name__", "")
        if self.is_plain and not asks.startswith("tinygrad_rnn."):
            raise no_numbers(
                "hash(v), as for a dict or a set,",
                fix="write tg.take(array, v) for table[v]; or look it up outside",
            )
        return object.__hash__(self)

    def __format__(self, spec: str) -> str:
        if spec:
            raise no_numbers(f"f'{{v:{spec}}}'")
        return repr(self)

    def __repr__(self) -> str:
        return f"Traced({self.step!r})"
