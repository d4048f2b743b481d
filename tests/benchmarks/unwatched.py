"""The engine as it would be if nothing could watch it: what `tg.debug` costs where it is off.

The two functions that ask whether somebody watches are compiled again without the question.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_rnn.engine import primitive
from tinygrad_rnn.engine import value as engine

from .problem import Problem, Step
from .scalars import ScalarProblem, ours
from .training import eager_layer_adam

ASKED = """\
    if wanted and now.plain:  # recorded, and nobody watches: the usual case
        node.requires_grad = True
        node.rule, node.inputs, node.params = rule, inputs, params
        return node
    node.requires_grad = recorded = wanted and now.mode.enabled
    node.rule = rule if recorded else None
    node.inputs = inputs if recorded else ()
    node.params = params if recorded else NO_PARAMS
    if now.mode.watcher is not None:
        now.mode.watcher.look_at(node, rule, inputs)
    return node
"""
# As it was before there was anything to watch; `plain` then says whether ops are recorded.
NOT_ASKED = """\
    node.requires_grad = recorded = wanted and now.plain
    node.rule = rule if recorded else None
    node.inputs = inputs if recorded else ()
    node.params = params if recorded else NO_PARAMS
    return node
"""
WATCHED = "sweep = sweep_from(self, seed,"
NOT_WATCHED = "sweep = Sweep(self, seed,"
STALE = """\
    if HISTORIES:  # some optimiser has taken a step
        warn_if_stale(sweep.nodes, (node for node, _ in finished if node.rule is None))
"""


def without(function: Callable[..., Any], *pairs: tuple[str, str]) -> Callable[..., Any]:
    """Compile a function of the engine again with some of its text exchanged."""
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in pairs:
        if source.count(old) != 1:
            raise LookupError(f"{function.__qualname__} no longer reads\n{old}")
        source = source.replace(old, new)
    own: dict[str, Any] = {}
    exec(compile(source, "unwatched", "exec", dont_inherit=True), vars(engine), own)
    return own[function.__name__]


@contextmanager
def nothing_watches() -> Iterator[None]:
    """Put the functions that ask nothing in the places of those that do."""
    held = engine.apply, engine.Value.backward
    put(APPLY, BACKWARD)
    try:
        yield
    finally:
        put(*held)


def put(apply: Callable[..., Any], backward: Callable[..., Any]) -> None:
    """Let every op and every sweep begin here."""
    engine.apply = primitive.apply = apply  # type: ignore[attr-defined]
    engine.Value.apply = staticmethod(apply)  # type: ignore[method-assign, assignment]
    engine.Value.backward = backward  # type: ignore[method-assign]


vars(engine).setdefault("Sweep", sys.modules["tinygrad_rnn.engine.backward"].Sweep)
APPLY = without(engine.apply, (ASKED, NOT_ASKED))
BACKWARD = without(engine.Value.backward, (WATCHED, NOT_WATCHED), (STALE, ""))


def _unwatched(step: Step) -> Step:
    def alone():
        with nothing_watches():
            return step()

    return alone


def scalars(p: ScalarProblem) -> Step:
    """The same as `scalars.ours`."""
    return _unwatched(ours(p))


def layer_adam(p: Problem) -> Step:
    """The same as `training.eager_layer_adam`."""
    return _unwatched(eager_layer_adam(p))
