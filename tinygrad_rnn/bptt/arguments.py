"""What this room accepts, and what it says to the rest: losses, weights, states, steps.

Imports the engine, ops, `nn.Module` and the file above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from .. import ops
from ..engine.errors import DtypeError, ShapeError, describe, explain
from ..engine.graph import dependants
from ..engine.messages import no_graph
from ..engine.value import Value
from ..nn import Module
from .paths import ancestors_of_all

State = tuple[Value, ...]  # (h,), or (h, c)

Step = Callable[[Any, Any], tuple[Any, Any]]
"""One step of a net: ``step(x, state)`` returns ``(loss, state)``; the loss may be None."""


def checked_loss(loss: Any) -> Value:
    """Return the loss: a Value of a single number that has a graph."""
    if not isinstance(loss, Value):
        raise DtypeError(
            explain(
                f"the loss is {describe(loss)}",
                why="gradients are found in the graph that a loss was computed by",
                fix="pass the Value itself, not its .data or float(loss)",
            )
        )
    if loss.rule is None:
        raise no_graph(loss)
    if loss.data.size != 1:
        raise ShapeError(
            explain(
                f"a loss of shape {loss.shape}",
                why="a gradient belongs to a single number",
                fix="reduce it first: pass y.sum(), or (y * g).sum() for a gradient g that arrives"
                " at y",
            )
        )
    return loss


def named_weights(params: Any) -> dict[str, Value]:
    """Return the weights by name: of a Module its parameters, of a dict its Values."""
    if isinstance(params, Module):
        return dict(params.named_parameters())
    if not isinstance(params, Mapping):
        raise DtypeError(
            explain(
                f"params is {describe(params)}",
                why="contributions are listed by the names of weights",
                fix="pass a Module, or a dict from names to Values such as {'W': W}",
            )
        )
    for name, weight in params.items():
        if not isinstance(weight, Value):
            raise DtypeError(
                explain(
                    f"params[{name!r}] is {describe(weight)}",
                    why="only a Value of the graph has a gradient",
                    fix="pass the Value that the loss was computed from, not its .data",
                )
            )
    return dict(params)


def checked_states(states: Any) -> list[State]:
    """Return states, or those of a layer's output, as tuples of Values; each follows on another."""
    listed = [x if isinstance(x, tuple) else (x,) for x in states_of(states)]
    if not listed:
        raise ShapeError(explain("no states", fix="pass a list of at least one Value"))
    for t, state in enumerate(listed):
        for x in state:
            if not isinstance(x, Value) or not x.requires_grad:
                raise DtypeError(
                    explain(
                        f"state {t} is {describe(x)}"
                        + (" that needs no gradient" if isinstance(x, Value) else ""),
                        why="only through a recorded Value can later states be differentiated",
                        fix="begin with the first computed state, or make h_0 a Value",
                    )
                )
        if [(x.shape, x.dtype) for x in state] != [(x.shape, x.dtype) for x in listed[0]]:
            raise ShapeError(
                explain(
                    f"state {t} is {', '.join(map(describe, state))}, the first"
                    f" {', '.join(map(describe, listed[0]))}",
                    why="one and the same state is followed through time",
                    fix="pass the same member, or tuple of members, of every step",
                )
            )
    for t in range(1, len(listed)):
        if min(x.order for x in listed[t]) <= max(x.order for x in listed[t - 1]):
            raise ShapeError(
                explain(
                    f"state {t} was computed before state {t - 1}",
                    why="∂h_t/∂h_k is for a state that follows on another",
                    fix="list the states in the order of computing: of a direction that reads from"
                    " the end, the last time step first",
                )
            )
    if len(listed) > 1 and not any(depends(after, before) for before, after in pairwise(listed)):
        raise ShapeError(
            explain(
                f"{len(listed)} states, and none is computed from the one before",
                why="no gradient goes from one to another. The output of a layer of both directions"
                " joins two states, and one with lengths= is masked: no later step reads it",
                fix="pass a list of the very Values that the next step was given",
            )
        )
    return listed


def states_of(states: Any) -> Any:
    """Return the states that a layer's output was stacked from; a list as it is."""
    if not isinstance(states, Value):
        return states
    if states.rule is not ops.stack.rule:
        made = "a leaf" if states.rule is None else f"a result of {states.rule.name}"
        raise ShapeError(
            explain(
                f"the states of {describe(states)}, {made}",
                why="a layer's output is the stack of its states, in which they are found",
                fix="pass the output as the layer returned it, or the list of a cell's states",
            )
        )
    return states.inputs


def depends(state: State, before: State) -> bool:
    """Say whether any member of a state was computed from a member of another."""
    reached = dependants(ancestors_of_all(state), set(before))
    return not reached.isdisjoint(state)


def taken(step: Step, x: Any, state: Any) -> tuple[Value | None, Any]:
    """Take a step, and check that it returns a loss and a state."""
    result = step(x, state)
    if not isinstance(result, tuple) or len(result) != 2:
        raise wrong_result(f"returned {describe(result)}")
    loss, state = result
    if loss is not None and not (isinstance(loss, Value) and loss.size == 1):
        raise wrong_result(f"returned {describe(loss)} as its loss")
    return loss, state


def wrong_result(what: str) -> DtypeError:
    """Word the error of a step function that returns something else than a loss and a state."""
    return DtypeError(
        explain(
            f"the step {what}",
            where="step(x, state)",
            why="what a step is asked for is its loss and the state for the next",
            fix="return loss, state; the loss a Value of a single number, or None where there is"
            " none; the state of an LSTM as one tuple (h, c)",
        )
    )
