"""Roles: which ops of different time steps are the same op. Imports `snapshot` only.

1. *The step of a node* is the time in its scope. An op outside of ``time_step`` belongs to the
   latest step that it reads, or else to the first of the steps that use it; so does a leaf. What
   most steps use, such as a weight, belongs to none.
2. *A role* is what an op does in its step. Ops of different steps can have the same role if module,
   rule and settings are equal. A number in the settings that follows the time counts as equal: the
   t of ``x[t]``, and the T - t of a loop that runs backwards.
3. *Their inputs decide.* Inputs that the same step made, weights, and what no step made cannot
   differ. What comes from outside of the step is left open: it is the step before for all steps but
   the first, which gets an initial state instead. So the first and the last step, which read and
   pass on less than the others, have the others' roles as far as they go.

The ops are gone through once, in the order of making. Each takes the role that agrees in most
inputs and that no other op of its step has, or a new one. From the second like step on nothing new
appears, however many follow. Where this finds fewer ops alike than a reader would, more are drawn;
no arrow is drawn that is not in the graph, and none is left out.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

from .record import NodeRecord
from .scopes import looped, times_in
from .snapshot import Snapshot

Step = tuple[int, ...]  # the time; of a loop within a loop the outer time first
Label = tuple[Any, ...]  # what ops of one role have in common but for their inputs
Ways = tuple[int, ...]  # for each integer k: 0 if it is written as k, 1 as t + k, -1 as -t + k
Token = tuple[str, Any]  # what an input is, as far as it is the same at every step

ANYTHING: Token = ("anything", None)  # of another step, or made for this one
MOST_WRITTEN = 4  # integers in the settings of an op; of more, none is taken to follow the time
FIXED = ("op", "leaf")  # kinds of token that contradict each other if they differ


def steps_of(graph: Snapshot) -> list[Step | None]:
    """Say for each node to which time step it belongs, None for no single one."""
    steps: list[Step | None] = [None] * len(graph)
    for node in graph.nodes:
        if node.kind == "op":
            read = [step for step in (steps[source] for source in node.inputs) if step]
            steps[node.id] = times_in(node.scope) or (max(read) if read else None)
    most = len(set(filter(None, steps))) // 2
    used: list[set[Step | None]] = [set() for _ in graph.nodes]
    for node in reversed(graph.nodes):
        by = [step for step in used[node.id] if step]
        few = len(by) == len(used[node.id]) and 0 < len(by) <= max(1, most)
        if few and steps[node.id] is None:
            steps[node.id] = min(by)
        for source in node.inputs:
            used[source].add(steps[node.id])
    return steps


class Role:
    """What an op does in its step: the steps that have it, and what its inputs have been."""

    __slots__ = ("inputs", "number", "steps")

    def __init__(self, number: int) -> None:
        self.number = number
        self.steps: set[Step] = set()
        self.inputs: list[set[Token]] = []

    def agreement(self, tokens: tuple[Token, ...]) -> int:
        """Weigh the inputs that are as before against those that may be; -1 if one cannot be."""
        weight = 0
        for seen, token in zip(self.inputs, tokens, strict=False):
            fixed = token[0] in FIXED
            fixed_before = any(other[0] in FIXED for other in seen)
            if token in seen:
                weight += 2 * fixed
            elif fixed and fixed_before:
                return -1
            else:
                weight -= fixed or fixed_before
        return weight

    def take(self, step: Step, tokens: tuple[Token, ...]) -> None:
        """Give the role to an op of a step."""
        self.steps.add(step)
        self.inputs += [set() for _ in tokens[len(self.inputs) :]]
        for seen, token in zip(self.inputs, tokens, strict=False):
            seen.add(token)


class Roles:
    """All roles that have been met, to be found by label and inputs."""

    def __init__(self) -> None:
        self.count = 0
        self.by_label: dict[Label, list[Role]] = defaultdict(list)
        self.by_inputs: dict[tuple[Label, tuple[Token, ...]], list[Role]] = defaultdict(list)

    def new(self) -> Role:
        """Make a role."""
        self.count += 1
        return Role(self.count - 1)

    def given(self, label: Label, step: Step, tokens: tuple[Token, ...]) -> Role:
        """Find the role of an op, or make it."""
        known = self.by_inputs[label, tokens]
        role = next((role for role in known if step not in role.steps), None)
        if role is None:
            free = (role for role in self.by_label[label] if step not in role.steps)
            role = max(free, key=lambda role: role.agreement(tokens), default=None)
            if role is None or role.agreement(tokens) < 0:
                role = self.new()
                self.by_label[label].append(role)
            known.append(role)
        role.take(step, tokens)
        return role


def roles_of(graph: Snapshot, steps: list[Step | None]) -> list[int]:
    """Give each node the number of its role; nodes of no step have one each."""
    labels = labels_of(graph, steps)
    roles = Roles()
    numbers = [-1] * len(graph)
    for node in graph.nodes:
        step = steps[node.id]
        if step is None:
            numbers[node.id] = roles.new().number
        elif node.kind == "op":
            tokens = tuple(
                token(graph.nodes[source], steps[source], step, numbers[source])
                for source in node.inputs
            )
            numbers[node.id] = roles.given(labels[node.id], step, tokens).number
    # An array or number of one step has the role of standing at an input of its first user.
    places: dict[tuple[str, int, int], int] = {}
    for edge in graph.edges():
        if numbers[edge.source] < 0:
            place = (graph.nodes[edge.source].kind, numbers[edge.target], edge.position)
            if place not in places:
                places[place] = roles.new().number
            numbers[edge.source] = places[place]
    return numbers


def token(source: NodeRecord, its_step: Step | None, step: Step, role: int) -> Token:
    """Say what an input is for an op of a step."""
    if source.kind == "op":
        return ("op", role) if its_step in (step, None) else ANYTHING
    if source.kind == "constant":
        return ("number", str(source.value))
    return ("leaf", source.id) if its_step is None else ANYTHING


def labels_of(graph: Snapshot, steps: list[Step | None]) -> dict[int, Label]:
    """Describe the ops of time steps, with numbers that follow the time written relative to it."""
    forms: dict[int, Label] = {}
    written: dict[int, dict[Ways, tuple[int, ...]]] = {}  # the integers of each op, in all ways
    counts: dict[tuple[Label, Ways], Counter[tuple[int, ...]]] = defaultdict(Counter)
    in_step: Counter[tuple[Label, Step]] = Counter()
    for node in graph.nodes:
        step = steps[node.id]
        if node.kind == "op" and step is not None:
            integers: list[int] = []
            form = (looped(node.scope), node.rule, without_integers(dict(node.params), integers))
            forms[node.id] = form
            written[node.id] = relative_to(step[-1], integers)
            in_step[form, step] += 1
            for ways, numbers in written[node.id].items():
                counts[form, ways][numbers] += 1
    most: Counter[Label] = Counter()
    for (form, _), count in in_step.items():
        most[form] = max(count, most[form])
    # If all steps can be written with no more numbers than one step has ops, then so; else each op
    # in the way in which most are written alike.
    of_all: dict[Label, Ways] = {}
    for (form, ways), found in counts.items():
        if len(found) <= most[form]:
            of_all.setdefault(form, ways)
    labels = {}
    for number, form in forms.items():
        all_ways = written[number]
        ways = of_all.get(form) or max(all_ways, key=lambda w: counts[form, w][all_ways[w]])
        labels[number] = (*form, ways, all_ways[ways])
    return labels


def relative_to(t: int, integers: list[int]) -> dict[Ways, tuple[int, ...]]:
    """Write integers as they are, as t + k and as -t + k, each in each way."""
    n = len(integers)
    choices = itertools.product((0, 1, -1), repeat=n) if n <= MOST_WRITTEN else [(0,) * n]
    return {
        ways: tuple(k - way * t for k, way in zip(integers, ways, strict=True)) for ways in choices
    }


def without_integers(x: Any, integers: list[int]) -> Any:
    """Write settings as something hashable, with the integers in them taken out into a list."""
    if isinstance(x, int) and not isinstance(x, bool):
        integers.append(x)
        return int
    if isinstance(x, slice):
        x = ("slice", x.start, x.stop, x.step)
    if isinstance(x, dict):
        x = tuple(x.items())
    if isinstance(x, (tuple, list)):
        return tuple(without_integers(part, integers) for part in x)
    return x if isinstance(x, (bool, float, str, type(None))) else f"{type(x).__name__} {x}"
