"""Python's operators and NumPy's doors, each leading to one op. Imports the floors below Value.

Nothing is computed here: every operator hands its op and operands to `apply`, which `Value` has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from .errors import DtypeError, explain
from .messages import no_rule
from .methods import ArrayMethods
from .rule import DOORS, NO_PARAMS, RULES, Rule


class Operators(ArrayMethods):
    """A node that can be written in expressions: ``a + b``, ``v[0]``, ``np.tanh(v)``."""

    __slots__ = ()

    @staticmethod
    def apply(rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any] = NO_PARAMS) -> Any:
        """Compute an op and record it."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.apply(RULES["add"], (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.apply(RULES["add"], (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.apply(RULES["subtract"], (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.apply(RULES["subtract"], (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.apply(RULES["multiply"], (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.apply(RULES["multiply"], (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self.apply(RULES["divide"], (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply(RULES["divide"], (other, self))

    def __pow__(self, other: Any) -> Any:
        return self.apply(RULES["power"], (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self.apply(RULES["power"], (other, self))

    def __matmul__(self, other: Any) -> Any:
        return self.apply(RULES["matmul"], (self, other))

    def __rmatmul__(self, other: Any) -> Any:
        return self.apply(RULES["matmul"], (other, self))

    def __neg__(self) -> Any:
        return self.apply(RULES["negative"], (self,))

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.apply(RULES["absolute"], (self,))

    def __getitem__(self, index: Any) -> Any:
        rule = RULES["getitem"]
        return self.apply(rule, *rule.bind(self, index))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # Comparisons have no derivative: they return plain boolean arrays. Identity is the hash.

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self.apply(RULES["equal"], (self, other))

    def __ne__(self, other: object) -> Any:
        return self.apply(RULES["not_equal"], (self, other))

    def __lt__(self, other: Any) -> Any:
        return self.apply(RULES["less"], (self, other))

    def __le__(self, other: Any) -> Any:
        return self.apply(RULES["less_equal"], (self, other))

    def __gt__(self, other: Any) -> Any:
        return self.apply(RULES["greater"], (self, other))

    def __ge__(self, other: Any) -> Any:
        return self.apply(RULES["greater_equal"], (self, other))

    # NumPy's doors, and the two ways in which a gradient could be lost without a word.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        op = DOORS.get(ufunc)
        if op is None or method != "__call__" or kwargs:
            detail = ("" if method == "__call__" else f".{method}") + "".join(
                f" with {key}=" for key in kwargs
            )
            raise no_rule(ufunc, op is not None, detail)
        return op(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        op = DOORS.get(function)
        if op is None:
            raise no_rule(function, known=False)
        return op(*args, **kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise DtypeError(
            explain(
                f"a Value of shape {self.shape} was about to become a plain array",
                where="np.asarray(v), np.array(v), or a function that calls them",
                why="the array would have no graph, and its gradient would silently be lost",
                fix="use v.data for the plain array; np.stack([v, w]) joins Values into one",
            )
        )

    def __setitem__(self, index: Any, x: Any) -> NoReturn:
        raise DtypeError(
            explain(
                f"assigning into a Value of shape {self.shape}",
                where=f"v[{index!r}] = ...",
                why="ops that used the old entries need them for their derivatives",
                fix="build a new Value: np.where(mask, x, v), np.concatenate([...]) or"
                " np.stack([...]); to change a parameter between steps write p.data[...] = x",
            )
        )
