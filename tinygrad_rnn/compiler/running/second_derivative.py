"""A second derivative of a compiled function: its function is run again, uncompiled.

Imports the engine and `tracing`. A replay leaves one node in the caller's graph, and the ops inside
it are nowhere recorded. Where the sweep itself is to be differentiated, they have to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...engine.backward import NO_WAY, Sweep
from ...engine.graph import Node
from ...engine.pullback import alias, leaves, map_leaves
from ...engine.recording import differentiating, traced_by
from ...engine.rule import NO_PARAMS, Rule
from ...engine.value import Value, apply
from ..tracing.capture import gathered
from ..tracing.results import Output


class Rerun:
    """Runs ops as always, but on stand-ins for some Values."""

    def __init__(self, standins: dict[Node, Value]) -> None:
        self.standins = standins

    def apply(self, rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any] = NO_PARAMS) -> Any:
        """Compute and record an op on the stand-ins."""
        inputs = tuple(self.standins.get(x, x) if isinstance(x, Node) else x for x in inputs)
        with traced_by(None), differentiating():
            return apply(rule, inputs, params)

    def seen(self, value: Value) -> Value:
        """Return what stands for a Value."""
        return self.standins.get(value, value)


def differentiate_again(
    fn: Callable[..., Any],
    call: tuple[Any, Any],
    returned: Any,
    inputs: Sequence[Value],
    seeds: dict[int, Any],
) -> tuple[Any, ...]:
    """Return the gradients of a compiled function's inputs as Values, for a second derivative.

    The function is run uncompiled: a second derivative that shall be fast is compiled itself.

    Parameters
    ----------
    fn, call
        The function, and its arguments: a tuple and a dict.
    returned : tree
        What it returned while it was traced, with an `Output` for each output.
    inputs : sequence of Value
        By what to differentiate: parameters, and arguments.
    seeds : dict
        From the number of an output to its gradient, an array or Value.
    """
    standins: dict[Node, Value] = {x: alias(x) for x in inputs}
    args, kwargs = map_leaves(lambda x: standins.get(x, x) if isinstance(x, Node) else x, call)
    with differentiating(), traced_by(Rerun(standins)):
        outputs = fn(*args, **kwargs)
    places = zip(leaves(returned), leaves(outputs), strict=True)
    found = ((p.index, y) for p, y in places if isinstance(p, Output))
    roots = {k: standins.get(y, y) if isinstance(y, Node) else y for k, y in found}
    given = list(seeds.values())
    with differentiating():
        root = apply(gathered(given), tuple(roots[k] for k in seeds))
        sweep = Sweep(root, given[0], create_graph=True, retain=False, sources=[*standins.values()])
    return tuple(sweep.gradients.get(standins[x], NO_WAY) for x in inputs)
