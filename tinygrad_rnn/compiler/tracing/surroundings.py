"""What a function sees beside its arguments, and whether it is still the same.

A traced function's program holds the Values, modules and settings that the function found in its
closure, its globals and their attributes. They are looked up again at each call: a parameter
replaced by another, ``model.eval()`` or a changed global trace anew. Imports `namespaces` only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import chain
from operator import getitem, is_
from types import FunctionType
from typing import Any

import numpy as np

from .namespaces import Lookup, Namespace, found, is_ours, names_in, namespaces_of

ENOUGH = 2000  # namespaces: a function that sees more of them is not watched any further


class Surroundings:
    """Everything that a function can see beside its arguments.

    Parameters
    ----------
    fn : callable
        The function.
    others : iterable
        Arguments that are no arrays: modules, settings.

    Attributes
    ----------
    views : list of collection
        What can be looked through as it stands: the values of dicts, lists.
    places : list of (lookup, holders, keys)
        What is looked up one by one, in each of the two ways.
    said : set of str
        The names in the code of the user's functions; ``data`` is a Value's, perhaps.
    names, meant : list
        Of all that the views hold and then of all places: what to call it, and what it was.
    """

    def __init__(self, fn: Callable[..., Any], others: list[Any]) -> None:
        self.generators: list[Any] = []
        self.said: set[str] = set()
        spaces = self.explored([("", fn), *(("argument", x) for x in others)])
        live = [space for space in spaces if not isinstance(space.members, tuple)]
        self.titles = [space.what for space in live]
        self.views = [space.members for space in live]
        self.lengths = list(map(len, self.views))
        self.places: list[tuple[Lookup, list[Any], list[Any]]] = []
        self.names = [space.what + name for space in live for name in space.names]
        self.meant = list(chain.from_iterable(self.views))
        placed = [space for space in spaces if space.places]
        for lookup in (getitem, getattr):
            chosen = [
                (space.what + name, holder, key)
                for space in placed
                for name, (how, holder, key) in zip(space.names, space.places, strict=True)
                if how is lookup
            ]
            self.names += [name for name, _, _ in chosen]
            self.meant += [found(lookup, holder, key) for _, holder, key in chosen]
            self.places.append((lookup, [x for _, x, _ in chosen], [key for *_, key in chosen]))
        self.drawn = self.states()

    def explored(self, stack: list[tuple[str, Any]]) -> list[Namespace]:
        """List the namespaces that one comes to from these objects; note random generators."""
        spaces: list[Namespace] = []
        seen: set[int] = set()
        while stack and len(spaces) < ENOUGH:
            what, x = stack.pop()
            if id(x) in seen:
                continue
            seen.add(id(x))
            if isinstance(x, (np.random.Generator, np.random.RandomState, random.Random)):
                self.generators.append(x)
            if isinstance(x, FunctionType) and not is_ours(x.__module__):
                self.said.update(names_in(x.__code__))
            for space in namespaces_of(what, x):
                spaces.append(space)
                entries = zip(space.names, space.entries(), strict=True)
                stack += [(space.what + name, entry) for name, entry in entries]
        return spaces

    def changed(self) -> str:
        """Name what is not the same any more; nothing if all is."""
        try:
            same = all(map(is_, self.now(), self.meant))
            if same and list(map(len, self.views)) == self.lengths:
                return ""
        except Exception:  # something is not there any more, or not yet
            pass
        return self.difference()

    def now(self) -> Iterator[Any]:
        """Look everything up, without a step of the interpreter for each."""
        return chain(chain.from_iterable(self.views), *[map(*places) for places in self.places])

    def difference(self) -> str:
        """Name the first entry that means something else now; equal numbers mean the same."""
        for what, view, length in zip(self.titles, self.views, self.lengths, strict=True):
            if len(view) != length:
                return what
        entries = list(chain.from_iterable(self.views))
        for lookup, holders, keys in self.places:
            entries += [found(lookup, *place) for place in zip(holders, keys, strict=True)]
        for name, was, entry in zip(self.names, self.meant, entries, strict=True):
            if was is not entry and not is_equal_number(was, entry):
                return name
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


def is_equal_number(a: Any, b: Any) -> bool:
    """Say whether two are the same plain setting, though not the same object."""
    return type(a) is type(b) and isinstance(a, (bool, int, float, str, bytes)) and bool(a == b)
