"""Where each value of a program lies, so that joining and slicing copy nothing.

Imports the ops' rules, `program` and `joins`. An op's result has a region of its own; a slice,
transpose or reshape is a region of its input's. A stack takes no copy if its members lie one after
the other: results that are to be stacked are linked, and a chain of links becomes one slot. A
concatenation along another axis promises its members the parts of its own region.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ...ops import stack
from ..program.program import Program
from ..program.steps import PARAMETER, WRITTEN, Step
from ..program.views import JOINS, VIEWS
from .joins import axis_of, elements, in_a_row, places_in, whole, with_clones
from .regions import Region, Slot, address, end_to_end, evenly_spaced, unread


class Placement:
    """The regions of a program's values.

    Parameters
    ----------
    program : Program

    Attributes
    ----------
    program : Program
        The same, with a `clone` where a stack holds an array that is not the program's.
    regions : dict
        From each step that is no number to its `Region`.
    copies : dict
        From each join to its members that have to be copied into it, and their places.
    computed : list of Step
        What has to be run, in order: all but views, and joins without copies.
    """

    def __init__(self, program: Program) -> None:
        self.program = program = with_clones(program)
        self.regions: dict[Step, Region] = {}
        self.copies: dict[Step, list[tuple[Step, Region]]] = {}
        self.computed: list[Step] = []
        self.after: dict[Step, Step] = {}  # the links
        self.before: dict[Step, Step] = {}
        self.first: dict[Step, Step] = {}  # of a chain's last, so that nobody has to walk there
        self.last: dict[Step, Step] = {}  # of a chain's first
        self.parent: dict[Step, tuple[Step, Any]] = {}  # whose part a result is to be
        self.bases: dict[int, Slot] = {}  # of arrays that constants see, by identity
        joins = [s for s in program.steps if s.rule in JOINS]
        for s in joins:
            if axis_of(s) != 0:
                self.promise(s)
        for s in joins:
            if axis_of(s) == 0 and not self.link(s):
                self.promise(s)
        for s in program.steps:
            if not s.is_number:
                self.place(s)

    def promise(self, join: Step) -> None:
        """Let the members of a join be written where the join wants them."""
        for x, index in zip(join.inputs, places_in(join), strict=True):
            owner = whole(x)
            if owner is None or not self.is_free(owner):
                continue
            if owner is x and x.dtype == join.dtype:  # else the join has to convert it
                self.parent[owner] = (join, index)

    def link(self, join: Step) -> bool:
        """Let the members of a stack lie one after the other; all or none."""
        chain = elements(join)
        if chain is None:
            return in_a_row(join)
        if any(x.dtype != join.dtype for x in chain):
            return False  # the join has to convert them; a number may begin at every eighth byte
        for a, b in pairwise(chain):
            if self.after.get(a, b) is not b or self.before.get(b, a) is not a:
                return False
        if any(x in self.parent for x in chain) or len(set(chain)) < len(chain):
            return False
        new = [(a, b) for a, b in pairwise(chain) if a not in self.after]
        ends = self.ends(new)
        if ends is None:
            return False
        for a, b in new:
            self.after[a], self.before[b] = b, a
        self.first |= ends[0]
        self.last |= ends[1]
        return True

    def ends(self, links: list[tuple[Step, Step]]) -> tuple[dict[Step, Step], ...] | None:
        """Return where the chains that `links` make begin and end; None if one is a ring."""
        first: dict[Step, Step] = {}
        last: dict[Step, Step] = {}
        for a, b in links:
            begin = first.get(a, self.first.get(a, a))
            end = last.get(b, self.last.get(b, b))
            if begin is b:
                return None
            first[end], last[begin] = begin, end
        return first, last

    def is_free(self, owner: Step) -> bool:
        """Say whether nobody has decided yet where a result goes."""
        return not (owner in self.parent or owner in self.after or owner in self.before)

    def place(self, s: Step) -> None:
        """Find the region of a step, its inputs' being known."""
        if s.rule in VIEWS and len(s.inputs) == 1:
            x = self.regions[s.inputs[0]]
            form = VIEWS[s.rule](x.form, **s.params)
            if form is not None:
                self.regions[s] = x.seen(form)
                return
        if s.rule in JOINS:
            parts = [self.regions[x] for x in s.inputs]
            joined = evenly_spaced if s.rule is stack.rule else end_to_end
            free = joined(parts, axis_of(s))
            if free is not None:
                self.regions[s] = free
                return
            home = self.home(s)
            there = [home.seen(home.form[index]) for index in places_in(s)]
            self.copies[s] = [
                (x, place)
                for x, part, place in zip(s.inputs, parts, there, strict=True)
                if not part.is_at(place)
            ]
            if self.copies[s]:
                self.computed.append(s)
        elif s.rule is None and s.kind not in WRITTEN:
            self.regions[s] = self.borrowed(s)
        else:
            self.home(s)
            if s.rule is not None:
                self.computed.append(s)

    def borrowed(self, s: Step) -> Region:
        """Return the region of a parameter or constant, in an array that is not the program's."""
        if s.kind == PARAMETER:
            form = unread(s.shape, s.dtype)
            return Region(Slot(form.nbytes, owner=s.value), form)
        array = np.asarray(s.value)
        base = base_of(array)
        slot = self.bases.setdefault(id(base), Slot(base.nbytes, owner=base))
        form = unread(s.shape, s.dtype, array.strides)
        return Region(slot, form, address(array) - address(base))

    def home(self, s: Step) -> Region:
        """Return a result's own region: in its chain, in its parent, or in a slot of its own."""
        if s not in self.regions:
            if s in self.parent:
                whole, index = self.parent[s]
                home = self.home(whole)
                self.regions[s] = home.seen(home.form[index])
            else:
                self.settle(s)
        return self.regions[s]

    def settle(self, s: Step) -> None:
        """Make the slot of a chain of results."""
        first = s
        while first in self.before:
            first = self.before[first]
        chain = [first]
        while chain[-1] in self.after:
            chain.append(self.after[chain[-1]])
        slot = Slot(sum(nbytes(x) for x in chain))
        offset = 0
        for x in chain:
            # A join among them may have been found to lie elsewhere already.
            self.regions.setdefault(x, Region(slot, unread(x.shape, x.dtype), offset))
            offset += nbytes(x)


def nbytes(s: Step) -> int:
    """Return how many bytes a result takes."""
    return s.size * int(s.dtype.itemsize)


def base_of(array: np.ndarray) -> np.ndarray:
    """Return the array whose memory a view sees."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
