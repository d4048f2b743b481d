"""What a function sees beside its arguments, and whether it is still the same.

A traced function's program holds the Values, modules and settings that the function found in its
closure, its globals and their attributes. They are looked up again at each call: a parameter
replaced by another, ``model.eval()`` or a changed global trace anew. Imports the engine only.
"""

from __future__ import annotations

import random
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
LIBRARIES = {"numpy", *sys.stdlib_module_names}
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
        self.generators: list[Any] = []
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", fn), *(("argument", x) for x in others)]
        while stack and len(self.namespaces) < ENOUGH:
            what, x = stack.pop()
            if id(x) in seen:
                continue
            seen.add(id(x))
            if isinstance(x, (np.random.Generator, np.random.RandomState, random.Random)):
                self.generators.append(x)
            for space in namespaces_of(what, x):
                self.namespaces.append(space)
                stack += [
                    (space.what + name, entry)
                    for name, entry in zip(space.names, space.meant, strict=True)
                ]
        self.drawn = self.states()

    def changed(self) -> str:
        """Name what is not the same any more; nothing if all is."""
        for space in self.namespaces:
            found = space.changed()
            if found:
                return found
        return ""

    def has_drawn(self) -> bool:
        """Say whether one of the generators has been drawn from."""
        return self.drawn != self.states()

    def states(self) -> list[Any]:
        """List where the generators are, NumPy's and Python's global ones included."""
        return [random.getstate(), *map(state_of, [np.random, *self.generators])]


def state_of(generator: Any) -> Any:
    """Return where a generator of random numbers is."""
    if isinstance(generator, np.random.Generator):
        return repr(generator.bit_generator.state)
    if isinstance(generator, random.Random):
        return generator.getstate()
    _, key, *rest = generator.get_state()
    return key.tobytes(), rest


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
    elif isinstance(x, (staticmethod, classmethod)):
        yield Namespace(what, [""], lambda: [x.__func__])
    elif isinstance(x, property):
        yield Namespace(what, [""], lambda: [x.fget])
    elif isinstance(x, type):
        yield from seen_in_class(x)
    elif is_users(x):
        attributes = getattr(x, "__dict__", {})
        if "__wrapped__" in attributes:  # a compiled function, one with a cache
            yield Namespace(dot, ["__wrapped__"], lambda: [x.__wrapped__])
            return
        yield Namespace(dot, list(attributes), lambda: list(attributes.values()))
        slots = slots_of(type(x))
        if slots:
            yield Namespace(dot, slots, partial(attributes_of, x, slots))
        yield Namespace(dot, ["__class__"], lambda: [type(x)])


def seen_in_class(x: type) -> Iterator[Namespace]:
    """List what a user's class holds for its instances: methods, settings; and its bases."""
    if is_library(x.__module__):
        return
    names = [name for name in vars(x) if name == "__call__" or not name.startswith("__")]
    yield Namespace(f"{x.__name__}.", names, lambda: [vars(x).get(name) for name in names])
    yield Namespace(f"{x.__name__}.", [repr(base) for base in x.__bases__], lambda: [*x.__bases__])


def slots_of(cls: type) -> list[str]:
    """List the attributes that instances have no dict for."""
    slots = [vars(base).get("__slots__", ()) for base in cls.__mro__]
    return [name for part in slots for name in ([part] if isinstance(part, str) else part)]


def is_users(x: Any) -> bool:
    """Say whether an object may hold what a user has put there: a module, a thing of their own."""
    library = type(x).__module__.partition(".")[0]
    return not isinstance(x, LEAVES) and library not in LIBRARIES


def seen_by(what: str, fn: FunctionType) -> Iterator[Namespace]:
    """List the closure, the defaults and the used globals of a function."""
    cells = fn.__closure__ or ()
    if cells:
        yield Namespace("", list(fn.__code__.co_freevars), lambda: [value_of(c) for c in cells])
    if fn.__defaults__:
        names = [f"a default of {fn.__name__}"] * len(fn.__defaults__)
        yield Namespace("", names, lambda: list(fn.__defaults__ or ()))
    if fn.__kwdefaults__:
        names = [f"the default of {name}" for name in fn.__kwdefaults__]
        yield Namespace("", names, lambda: list((fn.__kwdefaults__ or {}).values()))
    if is_ours(fn.__module__):
        return  # our own functions depend on their arguments only
    found = fn.__globals__
    names = [name for name in names_in(fn.__code__) if name in found]
    if names:
        yield Namespace("", names, lambda: [found.get(name, NO_CELL) for name in names])
    used = names_in(fn.__code__)
    for name in names:
        module = found[name]
        if isinstance(module, ModuleType) and not is_library(module.__name__):
            there = [part for part in used if part in vars(module)]
            yield Namespace(f"{name}.", there, partial(attributes_of, module, there))


def names_in(code: CodeType) -> list[str]:
    """List the global names that a function's code uses, nested functions included."""
    names = list(code.co_names)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            names += names_in(part)
    return list(dict.fromkeys(names))


def attributes_of(x: Any, names: list[str]) -> list[Any]:
    """Return what attributes are now."""
    return [getattr(x, name, NO_CELL) for name in names]


def is_library(module: str) -> bool:
    """Say whether a module is this package's, NumPy's or Python's own, whose names stay."""
    return is_ours(module) or module.partition(".")[0] in LIBRARIES


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
