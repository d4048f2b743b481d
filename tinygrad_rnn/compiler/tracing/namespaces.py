"""The namespaces that an object opens: where a function's code finds what is not its argument.

A closure, globals, attributes, a list's members. Imports the engine only.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from operator import getitem
from types import CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from ...engine.graph import Node
from ...engine.primitive import Primitive

MISSING = object()
LIBRARIES = {"numpy", *sys.stdlib_module_names} - {"argparse", "types", "collections"}  # settings
LEAVES = (Node, np.ndarray, np.generic, np.random.Generator, Primitive, type, ModuleType)
Lookup = Callable[[Any, Any], Any]


class Namespace:
    """Names, and what each means now.

    Parameters
    ----------
    what : str
        How to call it in messages.
    names : sequence of str
        The names, for messages.
    members : collection
        What the names mean, in order: a live view, or a tuple, which cannot change.
    places : list of (lookup, holder, key)
        Or where it is found: ``lookup(holder, key)`` gives what one name means.
    """

    __slots__ = ("members", "names", "places", "what")

    def __init__(
        self,
        what: str,
        names: Sequence[str],
        members: Collection[Any] = (),
        places: Sequence[tuple[Lookup, Any, Any]] = (),
    ) -> None:
        self.what = what
        self.names = names
        self.members = members
        self.places = places

    def entries(self) -> list[Any]:
        """List what the names mean now."""
        return [*self.members, *(found(*place) for place in self.places)]


def found(lookup: Lookup, holder: Any, key: Any) -> Any:
    """Look one name up; a variable may not be assigned yet, an attribute may be gone."""
    try:
        return lookup(holder, key)
    except (LookupError, AttributeError, ValueError):
        return MISSING


def namespaces_of(what: str, x: Any) -> Iterator[Namespace]:
    """List the namespaces that an object opens."""
    dot = f"{what}." if what else ""
    if isinstance(x, MethodType):
        yield Namespace(dot, ["__self__", "__func__"], (x.__self__, x.__func__))
    elif isinstance(x, FunctionType):
        yield from seen_by(what, x)
    elif isinstance(x, partial):
        yield Namespace(dot, ["func", *map(repr, range(len(x.args)))], (x.func, *x.args))
        yield Namespace(dot, list(x.keywords), x.keywords.values())
    elif isinstance(x, (list, tuple, deque, set, frozenset)):
        yield Namespace(what, [f"[{i}]" for i in range(len(x))], x)
    elif isinstance(x, (dict, MappingProxyType)):
        own: Any = dict if isinstance(x, dict) else MappingProxyType  # whatever a subclass says
        yield Namespace(what, [f"[{key!r}]" for key in own.keys(x)], own.values(x))
        yield Namespace(what, [f" (key {key!r})" for key in own.keys(x)], own.keys(x))
    elif isinstance(x, (staticmethod, classmethod)):
        yield Namespace(what, [""], (x.__func__,))
    elif isinstance(x, property):
        yield Namespace(what, [""], (x.fget,))
    elif isinstance(x, type):
        if not is_library(x.__module__):
            yield seen_in_class(x)
    elif is_users(x):
        attributes = getattr(x, "__dict__", {})
        if "__wrapped__" in attributes:  # a compiled function, one with a cache
            yield attributes_of(dot, x, ["__wrapped__"])
            return
        yield Namespace(dot, list(attributes), attributes.values())
        yield attributes_of(dot, x, [*slots_of(type(x)), "__class__"])


def attributes_of(what: str, x: Any, names: list[str]) -> Namespace:
    """Return a namespace of attributes, looked up one by one."""
    return Namespace(what, names, places=[(getattr, x, name) for name in names])


def seen_in_class(x: type) -> Namespace:
    """Return what a user's class holds for its instances: methods, settings; and its bases."""
    names = [name for name in vars(x) if name == "__call__" or not name.startswith("__")]
    places = [(getitem, vars(x), name) for name in names]  # its own, not what it inherits
    return Namespace(
        f"{x.__name__}.", [*names, "__bases__"], places=[*places, (getattr, x, "__bases__")]
    )


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
    contents = [(getattr, cell, "cell_contents") for cell in cells]
    yield Namespace("", fn.__code__.co_freevars, places=contents)
    if not is_ours(fn.__module__):
        yield Namespace(f"{fn.__name__}.", list(fn.__dict__), fn.__dict__.values())
    defaults = [name for name in ("__defaults__", "__kwdefaults__") if getattr(fn, name)]
    yield attributes_of(f"{fn.__name__}.", fn, defaults)
    if is_ours(fn.__module__):
        return  # our own functions depend on their arguments only
    used = names_in(fn.__code__)
    names = [name for name in used if name in fn.__globals__]
    yield Namespace("", names, places=[(getitem, fn.__globals__, name) for name in names])
    modules = [(name, fn.__globals__[name]) for name in names]
    seen: set[int] = set()
    while modules:
        name, module = modules.pop()
        is_module = isinstance(module, ModuleType) and id(module) not in seen
        if is_module and not is_library(module.__name__):
            seen.add(id(module))
            parts = [part for part in used if part in vars(module)]
            yield attributes_of(f"{name}.", module, parts)
            modules += [(f"{name}.{part}", vars(module)[part]) for part in parts]


def names_in(code: CodeType) -> list[str]:
    """List the global names that a function's code uses, nested functions included."""
    names = list(code.co_names)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            names += names_in(part)
    return list(dict.fromkeys(names))


def is_library(module: str) -> bool:
    """Say whether a module is this package's, NumPy's or Python's own, whose names stay."""
    return is_ours(module) or module.partition(".")[0] in LIBRARIES


def is_ours(module: str | None) -> bool:
    """Say whether a module belongs to this package."""
    return (module or "").partition(".")[0] == __name__.partition(".")[0]
