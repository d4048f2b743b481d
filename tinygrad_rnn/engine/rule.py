"""An op as data: its forward function, its derivative, its formula. Imports the errors only.

`RULES` is a dict that one can print: everything the engine can differentiate is in it, built-in
ops and a user's own alike. `DOORS` says at which of NumPy's functions an op can also be entered.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .errors import explain

Forward = Callable[..., Any]
VJP = Callable[..., Any]
Bind = Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]

NO_PARAMS: dict[str, Any] = {}


class Rule:
    """One op as data.

    Parameters
    ----------
    forward : callable
        ``forward(*arrays, **params) -> array``, plain NumPy. Everything that is an array is
        positional; static settings are keyword-only. The first line of its docstring is the
        formula.
    differentiable : bool
        False for functions whose derivative is zero wherever it exists (``sign``, ``argmax``,
        comparisons): they return plain arrays and are never recorded.
    elementwise : bool
        The output's entry depends on the inputs' entries at the same (broadcast) place only.
    random : bool
        It draws numbers: two equal calls have different results.
    by_position : int, optional
        How many settings may be passed by position, as in ``sum(x, 0)``; by default all.

    Attributes
    ----------
    name : str
        The forward function's name, the key in `RULES`.
    vjp : callable or None
        ``vjp(g, y, *inputs, **params)`` gives one gradient for each input.
    fresh : bool
        Whether its VJP gives arrays that nobody else holds, so that a leaf's need not be copied.
    expansion : callable or None
        Computes the same by simpler ops, for the compiler; see `tinygrad_rnn.ops.expansions`.
    formula : str
        What drawings, the stepper and printed programs write on the node.
    bind : callable
        Turns a call as people write it into ``(inputs, params)``.
    arrays, settings : tuple of str
        Names of the positional (array) and of the keyword-only (static) parameters.
    strict : frozenset of int
        The numbers of arguments with which a call without settings needs no `bind`.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> rule = tg.RULES["softmax"]
    >>> rule
    <Rule softmax: y = eˣ / Σ eˣ>
    >>> rule.arrays, rule.settings, rule.vjp.__doc__
    (('x',), ('axis',), 'dx = y · (g − Σ g y)')
    """

    __slots__ = (
        "arrays",
        "bind",
        "by_position",
        "differentiable",
        "elementwise",
        "expansion",
        "formula",
        "forward",
        "fresh",
        "least",
        "most",
        "name",
        "random",
        "settings",
        "strict",
        "variadic",
        "vjp",
    )

    def __init__(
        self,
        forward: Forward,
        *,
        differentiable: bool = True,
        elementwise: bool = False,
        random: bool = False,
        by_position: int | None = None,
    ) -> None:
        self.forward = forward
        self.by_position = by_position
        self.name = forward.__name__.rstrip("_")
        self.vjp: VJP | None = None
        self.fresh = False
        self.expansion: Callable[..., Any] | None = None
        self.differentiable = differentiable
        self.elementwise = elementwise
        self.random = random
        parameters = inspect.signature(forward).parameters.values()
        positional = [
            p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        self.arrays = tuple(p.name for p in positional)
        self.settings = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.least = sum(p.default is p.empty for p in positional)
        self.most = 2**31 if self.variadic else len(positional)
        self.strict = frozenset(() if self.variadic else range(self.least, self.most + 1))
        self.bind: Bind = self._bind
        doc = inspect.getdoc(forward)
        self.formula = doc.splitlines()[0] if doc else f"y = {self.name}({', '.join(self.arrays)})"

    def __repr__(self) -> str:
        return f"<Rule {self.name}: {self.formula}>"

    def _bind(self, *args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a call as people write it into array inputs and static params.

        Beyond the strict form it takes what NumPy takes: a list of members for an op of many
        inputs (``stack([a, b])``), settings by position (``sum(x, 0)``), arrays by name.
        """
        if self.variadic and not self.arrays and args and isinstance(args[0], (list, tuple)):
            members, args = tuple(args[0]), args[1:]
        elif self.variadic:
            members, args = args, ()
        else:
            members, args = args[: self.most], args[self.most :]
            named = self.arrays[len(members) :]
            while named and named[0] in kwargs:
                members += (kwargs.pop(named[0]),)
                named = named[1:]
        while len(members) > self.least and members[-1] is None:  # an optional array left out
            members = members[:-1]
        params = dict(zip(self.settings[: self.by_position], args, strict=False))
        wrong = sorted((kwargs.keys() & params.keys()) | (kwargs.keys() - set(self.settings)))
        if len(members) < self.least or len(args) > len(params) or wrong:
            raise TypeError(
                explain(
                    f"{self.name}: called with {len(members) + len(args)} positional arguments"
                    + (f" and unexpected {', '.join(wrong)}" if wrong else ""),
                    where=f"{self.forward.__module__}.{self.name}",
                    why=f"its form is {self.call_form()}",
                    fix="arrays go first, by position; settings by keyword",
                )
            )
        return members, params | kwargs

    def call_form(self) -> str:
        """Show how the op is called, e.g. ``sum(x, *, axis, keepdims)``."""
        arrays = [*self.arrays, *(["[…]"] if self.variadic else [])]
        settings = ["*", *self.settings] if self.settings else []
        return f"{self.name}({', '.join(arrays + settings)})"


RULES: dict[str, Rule] = {}
"""Every op by name."""

DOORS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy's function → our function: where ``np.tanh(v)`` and ``np.concatenate([v, w])`` arrive."""


def register(
    op: Callable[..., Any], rule: Rule | None, functions: tuple[Callable[..., Any], ...]
) -> None:
    """Enter a rule into `RULES`, and let NumPy's functions lead to its op.

    A module may define its own op again (a notebook's cell is run twice); nobody may take the
    name or the door of another module's op, or ``+`` would change its meaning behind everybody's
    back. Then nothing is changed.

    Raises
    ------
    ValueError
        If the name, or one of the functions, belongs to an op of another module.
    """
    taken = [(f"np.{f.__name__} leads", DOORS[f].__module__) for f in functions if f in DOORS]
    if rule is not None and rule.name in RULES:
        taken.append((f"the name {rule.name!r} belongs", RULES[rule.name].forward.__module__))
    for what, owner in taken:
        if owner != op.__module__:
            raise ValueError(
                explain(
                    f"{what} to an op of {owner} already",
                    where=f"{op.__module__}.{op.__name__}",
                    why="operators and NumPy's functions find their op by these",
                    fix="give your function another name, or call it without NumPy's function",
                )
            )
    if rule is not None:
        RULES[rule.name] = rule
    DOORS.update(dict.fromkeys(functions, op))
