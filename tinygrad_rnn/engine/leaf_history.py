"""What has happened to a leaf since its gradient was computed: an optimiser's step, a replacement.

Three mistakes of training loops raise nothing and compute the wrong thing. They are noticed here,
from what steps and modules leave behind, at a cost per parameter and never per node. Imports the
graph, places and the errors.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .errors import (
    ReplacedParameterWarning,
    StaleGradientWarning,
    StaleGraphWarning,
    describe,
    explain,
)
from .graph import Node, creation_order, data_of
from .places import warn_program

SAMPLED = 8  # entries of a gradient by which one sees whether somebody has worked on it


class LeafHistory:
    """What an optimiser has done with one leaf.

    Attributes
    ----------
    used : callable
        Returns the gradient that the last step used, if it is still there.
    sample : bytes
        Some of its entries, as they were then.
    mixed : callable
        Returns the gradient to which a sweep has added that one, if it is still there.
    stepped : int
        The order of creation of nodes made right after the last step.
    replaced : str
        The module's name for the parameter whose place another has taken.
    warned : bool
        Whether a stale graph has been warned of.
    """

    __slots__ = ("alive", "mixed", "replaced", "sample", "stepped", "used", "warned")

    def __init__(self, leaf: Node) -> None:
        key = id(leaf)
        self.alive = weakref.ref(leaf, lambda _: HISTORIES.pop(key, None))
        self.used: Callable[[], Any] = nothing
        self.mixed: Callable[[], Any] = nothing
        self.sample = b""
        self.stepped = -1
        self.replaced = ""
        self.warned = False


HISTORIES: dict[int, LeafHistory] = {}
"""From a leaf's id to its history: leaves that no optimiser has seen have none."""


def history(leaf: Node) -> LeafHistory:
    """Return a leaf's history, begun if there is none."""
    found = HISTORIES.get(id(leaf))
    if found is None:
        found = HISTORIES[id(leaf)] = LeafHistory(leaf)
    return found


def nothing() -> None:
    """Stand for an array that is no longer there."""


def hold(x: Any) -> Callable[[], Any]:
    """Hold an array weakly; a NumPy number, which cannot be held so, as it is."""
    return (lambda: x) if isinstance(x, np.generic) else weakref.ref(x)


def sample_of(g: Any) -> bytes:
    """Return a few entries of a gradient."""
    flat = np.ravel(data_of(g))
    return flat[:: max(1, flat.size // SAMPLED)].tobytes()


def note_step(leaf: Node) -> Warning | None:
    """Note that a step is using the gradient of a leaf, or would; return what is wrong with that.

    Parameters
    ----------
    leaf : Node
        A parameter of an optimiser.
    """
    g = leaf.grad
    if g is None:
        found = HISTORIES.get(id(leaf))
        return replaced_parameter(leaf, found.replaced) if found and found.replaced else None
    found = history(leaf)
    stale = found.mixed() is g
    found.used, found.sample, found.mixed = hold(g), sample_of(g), nothing
    found.stepped = next(creation_order)
    return stale_gradient(leaf) if stale else None


def added_to(leaf: Node, g: Any) -> Any:
    """Return a leaf's gradient with another one added, noting if a step has used the former."""
    held = leaf.grad
    total = held + g
    found = HISTORIES.get(id(leaf))
    # Whoever set it to zero in place, or let it decay, has taken care of it.
    if found and found.used() is held and found.sample == sample_of(held) and np.any(held):
        found.mixed = hold(total)
    return total


def note_replaced(name: str, old: Any, new: Any) -> None:
    """Note that a parameter, or a part with parameters, has taken the place of another.

    Parameters
    ----------
    name : str
        The name of that place.
    old, new : Node or object with ``parameters()``
        What was there, and what is there now.
    """
    for leaf in leaves_of(old):
        history(leaf).replaced = name
    for leaf in leaves_of(new):
        if id(leaf) in HISTORIES:
            HISTORIES[id(leaf)].replaced = ""


def leaves_of(part: Any) -> Iterable[Node]:
    """List the parameters of a part; a leaf alone is a part, too."""
    return part.parameters() if hasattr(part, "parameters") else [part]


def warn_if_stale(nodes: list[Node], leaves: Iterable[Node]) -> None:
    """Warn if a sweep went through ops that are older than a step of a parameter that they used.

    Parameters
    ----------
    nodes : list of Node
        What was swept, in order of creation.
    leaves : iterable of Node
        The leaves among them that got a gradient.
    """
    found = {leaf: HISTORIES[id(leaf)] for leaf in leaves if id(leaf) in HISTORIES}
    last = max([past.stepped for past in found.values()], default=-1)
    older = []
    for node in nodes:  # the oldest first: beyond leaves there are none in a sound loop
        if node.order > last:
            break
        if node.rule is not None:
            older.append(node)
    if not older:
        return
    stale = [
        node
        for node in older
        if any(
            isinstance(x, Node) and x in found and node.order < found[x].stepped
            for x in node.inputs
        )
    ]
    if not stale or all(past.warned for past in found.values()):
        return
    for past in found.values():
        past.warned = True
    warn_program(stale_graph(stale, len(older), len(nodes)), StaleGraphWarning)


# The wording.


def stale_gradient(leaf: Node) -> StaleGradientWarning:
    """Word the warning of a gradient that a step uses for the second time."""
    return StaleGradientWarning(
        explain(
            f"this step uses a gradient of {describe(leaf)} that an earlier step has used already",
            where="backward() added to .grad, which nobody had cleared since that step",
            why="gradients accumulate, so that a batch may come in parts; those of an earlier step"
            " belong to other weights",
            fix="call optimizer.zero_grad() in every turn, before backward",
        )
    )


def replaced_parameter(leaf: Node, name: str) -> ReplacedParameterWarning:
    """Word the warning of an optimiser that holds a parameter which its module no longer has."""
    return ReplacedParameterWarning(
        explain(
            f"this step passes over {describe(leaf)}, which the module no longer has",
            where=f"{name} was replaced after the optimiser was built",
            why="an optimiser holds the parameters themselves, not their names: the one that the"
            " module computes with now is not trained",
            fix="build the optimiser after the parameters are there; or change numbers in place:"
            " p.data[...] = x, or load_state_dict",
        )
    )


def stale_graph(stale: list[Node], older: int, size: int) -> str:
    """Word the warning of a sweep through nodes that are older than the last step."""
    first = stale[0]
    assert first.rule is not None
    place = f" in scope {first.scope}" if first.scope else ""
    return explain(
        f"backward went through {size} nodes, of which {older} are older than the last step",
        where=f"the first of them is {first.rule.name}{place}",
        why="they were computed with weights that have changed since; the usual cause is a state"
        " carried from window to window with its graph, which then grows with every window",
        fix="cut the state off between windows: state = tg.nn.detach_state(state)",
    )
