"""Mistakes of what is carried from step t+1 to step t. Imports the files above.

Each block is a mistake: its name, its sentence, its line, and the change of the sweep.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.graph import Node
from .anatomy import CARRY, Anatomy
from .carry_weight_mistakes import MORE_STEPS, weight_mistakes
from .changes import at, dropped
from .mistake import Mistake
from .problem import Edge, Problem
from .sweep import Change, Here, fit

LONGEST_WINDOW = 16  # of truncated backpropagation that is tried


def carry_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield the mistakes that can be made with the carried gradient of this problem."""
    cell = anatomy.cell
    line = CARRY.get(cell, "S5")
    through, direct = anatomy.through_weight, anatomy.direct
    if not problem.carries:
        return
    yield Mistake(
        "no carry from t+1",
        "equals the gradient with the recurrent carry cut: you never pass dh_next to step t−1",
        "S5",
        "dh = d_output[t] + dh_next, where dh_next comes from step t+1",
        MORE_STEPS,
        at(problem.carries, dropped),
    )
    if through and direct:
        h, others = ("h", "c") if cell == "lstm" else ("the matrix", "the direct road")
        yield Mistake(
            f"carry only through {others}",
            f"the part of the carry that goes through {h} is missing: dh_next = da W_hh is never"
            " passed to step t−1",
            line,
            "dh_prev = da W_hh" if cell == "lstm" else "dh_prev = dh · z + du W_hh",
            MORE_STEPS,
            at(through, dropped),
        )
        yield Mistake(
            f"carry only through {h}",
            f"the part of the carry that goes through {others} is missing: "
            + (
                "dc_next = dc · f is never passed to step t−1"
                if cell == "lstm"
                else "what reaches h_prev without the matrix is never added to dh_prev"
            ),
            "L15" if cell == "lstm" else line,
            "dc_prev = dc · f" if cell == "lstm" else "dh_prev = dh · z + du W_hh",
            MORE_STEPS,
            at(direct, dropped),
        )
    for k in range(2, min(len(problem.steps), LONGEST_WINDOW + 1)):
        starts = {t for i, t in enumerate(problem.steps) if i % k == 0}
        crossing = [e for e in problem.carries if problem.times[e.node] in starts]
        yield Mistake(
            f"carry cut every {k} steps",
            f"equals truncated backpropagation: the carry is set to zero at every {k}th step",
            "S7",
            "d_state = d_before, carried to the step before",
            MORE_STEPS,
            at(crossing, dropped),
        )
    restored = list(detached_carries(problem))
    if restored:
        yield Mistake(
            "carry across a detached window",
            "the gradient is carried on where the graph cuts it: the state that begins a window is"
            " detached, but dh_next goes on into the window before",
            "S7",
            "throwing d_state away at the border is truncated BPTT",
            "give the first window another input: a gradient that is cut does not change",
            {node: [restoring(position, producer)] for node, position, producer in restored},
        )
    yield from weight_mistakes(problem, through, line)
    yield Mistake(
        "carry added up over the steps",
        "the carry is never set anew: dh_next += … where dh_next = … belongs, so each step"
        " also gets the carries of all later ones",
        "S7",
        "d_state = d_before",
        "run at least three time steps",
        at(problem.carries, accumulated),
    )
    sources = {e.x for e in through}
    outputs = [e for x in sources for e in problem.readers[x] if not problem.is_carry(e)]
    if outputs:
        yield Mistake(
            "own output's gradient lost",
            "only the carry arrives at each step: dh = dh_next where dh = d_output[t] + dh_next"
            " belongs, so that only the last step's loss counts",
            "S5",
            "dh = d_output[t] + dh_next",
            MORE_STEPS,
            at(outputs, dropped),
        )


def accumulated(edge: Edge) -> Change:
    """Add what went back along the same edge of the steps that were gone through before."""

    def change(here: Here) -> None:
        problem = here.sweep.problem
        key = (problem.kinds[edge.node], edge.position)
        g = here.back(edge.position)
        held = here.sweep.memory.get(key)
        here.sweep.memory[key] = here.gradients[edge.position] = g if held is None else g + held

    return change


def restoring(position: int, producer: Node) -> Change:
    """Go back to the node that a detached state was taken from."""

    def change(here: Here) -> None:
        g = fit(here.gradients[position], here.node, position)
        if g is not None:
            here.elsewhere.append((producer, g))

    return change


def detached_carries(problem: Problem) -> Iterator[tuple[Node, int, Node]]:
    """Find inputs that are cut off, and the recorded node whose array they are."""
    made = {id(node.data): node for node in problem.nodes if node.rule is not None}
    for node in problem.nodes:
        for position, x in enumerate(node.inputs):
            array = x.data if isinstance(x, Node) and not x.requires_grad else x
            producer = made.get(id(array)) if not isinstance(x, Node) or array is not x else None
            if (
                producer is not None
                and producer.order < node.order
                and not (isinstance(x, Node) and x.requires_grad)
            ):
                yield node, position, producer
