"""Does an op behave? It leaves its inputs alone, keeps no state, and shares no buffer.

Imports the files above it and the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.derivatives import vjp
from ..engine.graph import Node
from ..engine.value import Value
from .agreement import close, first_difference, same
from .arguments import data_of
from .gradients import cotangent
from .op_application import Application, called, op_of, owed, raw_gradients
from .op_report import ADVICE, NOT_APPLICABLE, PASSED, Outcome, failed

OUT_OF_PLACE = "write x = x + 1 instead of x += 1, and do not pass out="


def forward_is_pure(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that inputs stay as they are, and that the same inputs give the same result."""
    arrays, kept = app.arrays, app.arrays
    held = app.forward(*arrays)
    y = held.copy()
    for label, x, before in zip(app.labels, arrays, kept, strict=True):
        if not same(x, before):
            place = first_difference(x, before)
            return failed(
                f"the forward function changed {label} at {place}:"
                f" got {x[tuple(place)]:.6g}, expected {before[tuple(place)]:.6g}",
                why="others use the same array, and the derivative needs the input as it was",
                fix=OUT_OF_PLACE,
            )
    again = app.forward(*arrays)
    if not same(y, again):
        return failed(
            f"the same {', '.join(app.labels)} gave another result the second time,"
            f" at {first_difference(again, y)}",
            why="the op keeps a state between calls, or draws random numbers",
            fix="compute everything anew; make random numbers an input of the op",
        )
    app.forward(*(0.75 * x for x in arrays))
    if not same(held, y):
        return failed(
            f"a result, once returned, was overwritten by the next: at {first_difference(held, y)}",
            why="the forward function returns a buffer that it uses again; a graph keeps results",
            fix="return a new array each time",
        )
    for x in arrays:
        x *= 0.75
    fresh = app.forward(*(x.copy() for x in arrays))
    if not same(app.forward(*arrays), fresh):
        return failed(
            f"new numbers written into {', '.join(app.labels)} gave the result of the old ones",
            why="the op remembers results by the identity of an array; an optimiser writes into"
            " its parameters in place",
            fix="compute everything anew",
        )
    return Outcome(PASSED)


def vjp_is_pure(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that a VJP leaves g, y and its inputs alone, also a g that must not be written to."""
    for node in app.nodes(app.arrays):
        inputs = [np.array(data_of(x))[()] for x in node.inputs]
        g = np.array(cotangent(node.data, rng))
        y = np.array(node.data)
        given = {"g": g, "y": y, **dict(zip(names_of(node), inputs, strict=True))}
        before = {name: np.array(x) for name, x in given.items()}
        for gradient in raw_gradients(node, g[()], y[()], inputs):
            called(gradient)
        for name, x in given.items():
            if not same(x, before[name]):
                place = first_difference(x, before[name])
                return failed(
                    f"the VJP of {op_of(node)} changed {name} at {place}: got"
                    f" {np.asarray(x)[tuple(place)]:.6g},"
                    f" expected {before[name][tuple(place)]:.6g}",
                    why="g, y and the inputs are shared with other ops of the graph",
                    fix=OUT_OF_PLACE,
                )
    return Outcome(PASSED)


def keeps_no_state(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that a derivative belongs to its own forward pass, not to the latest one."""
    arrays = app.arrays
    y, pullback = vjp(app, *(x[()] for x in arrays))
    u = cotangent(y, rng)
    expected = [np.array(g) for g in pullback(u[()])]
    y, pullback = vjp(app, *(x[()] for x in arrays))
    vjp(app, *((0.75 * x)[()] for x in arrays))  # somebody else uses the op in between
    for label, g, right in zip(app.labels, pullback(u[()]), expected, strict=True):
        if not close(g, right):
            place = first_difference(g, right)
            return failed(
                f"the gradient of {label} changes if the op is applied to other inputs in between:"
                f" at {place} got {np.asarray(g)[tuple(place)]:.6g},"
                f" expected {right[tuple(place)]:.6g}",
                why="the VJP uses what the latest forward pass has stored",
                fix="compute what it needs from g, y and the inputs, which it is given",
            )
    return Outcome(PASSED)


def survives_accumulation(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that the gradients of two uses add up, and that a later one changes none before."""
    arrays = app.arrays
    for node in app.nodes(arrays):
        inputs = [data_of(x) for x in node.inputs]
        first, second = cotangent(node.data, rng), cotangent(node.data, rng)
        gradients = raw_gradients(node, first[()], node.data, inputs)
        held = [called(gradients[i]) for i, _ in owed(node)]
        copies = [np.array(g) for g in held]
        gradients = raw_gradients(node, second[()], node.data, inputs)
        later = [called(gradients[i]) for i, _ in owed(node)]
        for (_, label), g, copy in zip(owed(node), held, copies, strict=True):
            if not same(g, copy):
                return failed(
                    f"the gradient of {label} of {op_of(node)}, once returned, was overwritten by"
                    f" the next: at {first_difference(g, copy)}",
                    why="the VJP returns a buffer that it uses again; the sweep keeps gradients"
                    " until all uses of a value have met",
                    fix="return a new array each time",
                )
        del later
    y, pullback = vjp(app, *(x[()] for x in arrays))
    weights = [cotangent(y, rng) for _ in range(3)]
    alone = pullback(np.sum(weights, axis=0)[()])

    def uses(*variables: Any) -> Any:
        """Use the op three times, and its variables in another op before and between."""
        first, *rest = (np.sum(u * app(*variables)) for u in weights)
        squares = [np.sum(x * x) for x in variables]
        return sum([first, *squares, *rest, *squares])

    _, together = vjp(uses, *(x[()] for x in arrays))
    for label, x, g, once in zip(app.labels, arrays, together(np.float64(1.0)), alone, strict=True):
        expected = np.asarray(once + 4 * x)
        if not close(g, expected):
            place = first_difference(g, expected)
            return failed(
                f"the gradients of several uses of {label} do not add up: at {place} got"
                f" {np.asarray(g)[tuple(place)]:.6g}, expected {expected[tuple(place)]:.6g}",
                why="an array is shared between two gradients, or one is set where it is added",
                fix="return new arrays",
            )
    return Outcome(PASSED)


def computes_what_is_asked(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that inputs may be constants, and look whether their gradients cost anything."""
    arrays = app.arrays
    if len(arrays) < 2:
        return Outcome(NOT_APPLICABLE, "there is one variable")
    y, pullback = vjp(app, *(x[()] for x in arrays))
    u = cotangent(y, rng)
    for i, (label, right) in enumerate(zip(app.labels, pullback(u[()]), strict=True)):
        leaves = [Value(x[()], requires_grad=i == j) for j, x in enumerate(arrays)]
        result = app(*leaves)
        if not isinstance(result, Value) or not result.requires_grad:
            continue
        result.backward(u[()])
        g = leaves[i].grad if leaves[i].grad is not None else np.zeros(arrays[i].shape)
        if not close(g, right):
            return failed(
                f"the gradient of {label} is another one if the other inputs are constants:"
                f" at {first_difference(g, right)}",
                why="each gradient stands for itself",
            )
    eager = []
    for node in app.nodes(arrays):
        g = cotangent(node.data, rng)
        gradients = raw_gradients(node, g[()], node.data, [data_of(x) for x in node.inputs])
        for i, label in owed(node):
            new = isinstance(gradients[i], np.ndarray) and not np.shares_memory(gradients[i], g)
            if new and len(owed(node)) > 1:
                eager.append(f"{label} of {op_of(node)}")
    if eager:
        return Outcome(
            ADVICE,
            f"computed even if nobody asks: the gradient of {', '.join(eager)};"
            " return `lambda: …` for it",
        )
    return Outcome(PASSED)


def is_elementwise_as_declared(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that each entry of the result is what the op makes of the inputs' entries there."""
    if not (app.is_elementwise and app.is_recorded):
        return Outcome(NOT_APPLICABLE, "the op is not declared to be elementwise")
    y = app.forward(*app.arrays)
    inputs = [np.broadcast_to(x, y.shape) for x in app.arrays]
    for index in np.ndindex(y.shape):
        alone = app.forward(*(np.float64(x[index]) for x in inputs))
        entry = np.broadcast_to(alone, y.shape)[index]  # another input may be a constant array
        if not close(y[index], entry):
            return failed(
                f"the result at {list(index)} depends on other entries of {', '.join(app.labels)}:"
                f" got {y[index]:.6g}, expected {entry:.6g}, as of these entries alone",
                why="elementwise=True promises that it does not; the compiler relies on it",
                fix="leave elementwise=True out",
            )
    return Outcome(PASSED)


def names_of(node: Node) -> list[str]:
    """Name each input of a node."""
    names = node.rule.arrays[: len(node.inputs)] if node.rule else ()
    return [*names, *(f"input {i}" for i in range(len(names), len(node.inputs)))]
