"""What a function sees beside its arguments, and whether it is still the same.

A traced function's program holds the Values, modules and settings that the function found in its
closure, its globals and their attributes. They are looked up again at each call: a parameter
replaced by another, ``model.eval()`` or a changed global trace anew. Imports the engine only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from operator import is_
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..engine.graph import Node
from ..engine.primitive import Primitive

ENOUGH = 2000  # namespaces: a function that sees more of them is not watched any further
NO_CELL = object()
LEAVES = (Node, np.ndarray, np.generic, np.random.Generator, Primitive, type, ModuleType)


class Namespace:
    """Names and what they meant: a module's attributes, a closure, a list's members.

    Parameters
    ----------
    what : str
        How to call it in messages.
    look : callable
        Returns what the names mean now.
    """

    __slots__ = ("look", "meant", "names", "what")

    def __init__(self, what: str, names: list[str], look: Callable[[], list[Any]]) -> None:
        self.what = what
        self.names = names
        self.look = look
        self.meant = look()

    def changed(self) -> str:
        """Name the first entry that means something else now; nothing if all are the same."""
        now = self.look()
        if len(now) == len(self.meant) and all(map(is_, now, self.meant)):
            return ""
        if len(now) != len(self.meant):
            return self.what
        for name, was, entry in zip(self.names, self.meant, now, strict=True):
            if was is not entry and not is_equal_number(was, entry):
                return f"{self.what}{name}"
        return ""


class Surroundings:
    """Everything that a function can see beside its arguments.

    Parameters
    ----------
    fn : callable
        The function.
    others : iterable
        Arguments that are no arrays: modules, settings.
    """

    def __init__(self, fn: Callable[..., Any], others: list[Any]) -> None:
        self.namespaces: list[Namespace] = []
        self.generators: list[np.random.Generator] = []
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", fn), *(("argument", x) for x in others)]
        while stack and len(self.namespaces) < ENOUGH:
            what, x = stack.pop()
            if id(x) in seen:
                continue
            seen.add(id(x))
            if isinstance(x, np.random.Generator):
                self.generators.append(x)
            for space in namespaces_of(what, x):
                self.namespaces.append(space)
                stack += [
                    (space.what + name, entry)
                    for name, entry in zip(space.names, space.meant, strict=True)
                ]
        self.drawn = [repr(g.bit_generator.state) for g in self.generators]

    def changed(self) -> str:
        """Name what is not the same any more; nothing if all is."""
        for space in self.namespaces:
            found = space.changed()
            if found:
                return found
        return ""

    def has_drawn(self) -> bool:
        """Say whether one of the generators has been drawn from."""
        return self.drawn != [repr(g.bit_generator.state) for g in self.generators]


def namespaces_of(what: str, x: Any) -> Iterator[Namespace]:
    """List the namespaces that an object opens."""
    dot = f"{what}." if what else ""
    if isinstance(x, MethodType):
        yield Namespace(dot, ["__self__", "__func__"], lambda: [x.__self__, x.__func__])
    elif isinstance(x, FunctionType):
        yield from seen_by(what, x)
    elif isinstance(x, partial):
        names = ["func", *map(repr, range(len(x.args))), *x.keywords]
        yield Namespace(dot, names, lambda: [x.func, *x.args, *x.keywords.values()])
    elif isinstance(x, (list, tuple)):
        yield Namespace(what, [f"[{i}]" for i in range(len(x))], lambda: list(x))
    elif isinstance(x, dict):
        yield Namespace(what, [f"[{key!r}]" for key in x], lambda: list(x.values()))
    elif isinstance(getattr(x, "__dict__", None), dict) and is_users(x):
        attributes = x.__dict__
        yield Namespace(dot, list(attributes), lambda: list(attributes.values()))


def is_users(x: Any) -> bool:
    """Say whether an object may hold what a user has put there: a module, a thing of their own."""
    library = type(x).__module__.partition(".")[0]
    return not isinstance(x, LEAVES) and library not in {"numpy", *sys.stdlib_module_names}


def seen_by(what: str, fn: FunctionType) -> Iterator[Namespace]:
    """List the closure, the defaults and the used globals of a function."""
    cells = fn.__closure__ or ()
    if cells:
        yield Namespace("", list(fn.__code__.co_freevars), lambda: [value_of(c) for c in cells])
    if fn.__defaults__:
        names = [f"a default of {fn.__name__}"] * len(fn.__defaults__)
        yield Namespace("", names, lambda: list(fn.__defaults__ or ()))
    if is_ours(fn.__module__):
        return  # our own functions depend on their arguments only
    found = fn.__globals__
    names = [name for name in names_in(fn.__code__) if name in found]
    if names:
        yield Namespace("", names, lambda: [found.get(name, NO_CELL) for name in names])


def names_in(code: CodeType) -> list[str]:
    """List the global names that a function's code uses, nested functions included."""
    names = list(code.co_names)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            names += names_in(part)
    return list(dict.fromkeys(names))


def value_of(cell: Any) -> Any:
    """Return what a closure's cell holds; a variable may not be assigned yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return NO_CELL


def is_ours(module: str | None) -> bool:
    """Say whether a module belongs to this package."""
    return (module or "").partition(".")[0] == __name__.partition(".")[0]


def is_equal_number(a: Any, b: Any) -> bool:
    """Say whether two are the same plain setting, though not the same object."""
    return type(a) is type(b) and isinstance(a, (bool, int, float, str, bytes)) and bool(a == b)
