"""Mistakes in a weight's own terms: what stands beside the gradient, and which steps are added.

They change the gradient of one weight and nothing else, so they are computed from the terms of a
sweep without another sweep. Imports `mistake`, `anatomy`, `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from .anatomy import BIAS, FROM_INPUT, FROM_STATE, Anatomy
from .mistake import Mistake
from .operands import Operands, is_lookup
from .problem import PRODUCTS, Edge, Problem, argument_names, array_of
from .sweep import Swept, dense, fit, vjp

MORE_STEPS = "run more time steps"

Candidates = dict[Mistake, Any]


class Terms:
    """What each weight's gradient becomes under the mistakes of its own terms.

    Parameters
    ----------
    problem : Problem
    anatomy : Anatomy
    """

    def __init__(self, problem: Problem, anatomy: Anatomy) -> None:
        self.problem = problem
        self.cell = anatomy.cell
        self.operands = Operands(problem)

    def candidates(self, swept: Swept, name: str) -> Candidates:
        """Return the gradient of a weight under each mistake."""
        weight = self.problem.weights[name]
        found: Candidates = {}
        if not swept.terms[name]:
            return found
        for mistake, terms in self.other_operands(swept, name):
            found[mistake] = sum(terms, np.zeros_like(weight.data))
        found.update(self.other_steps(swept, name))
        unsummed = self.unsummed(swept, name)
        if unsummed is not None:
            found[
                Mistake(
                    "bias gradient not summed over the batch",
                    "is the right gradient before it is summed over the batch",
                    BIAS.get(self.cell, "section 1"),
                    "db = Σ_b da",
                )
            ] = unsummed
        return found

    def other_operands(self, swept: Swept, name: str) -> Iterator[tuple[Mistake, list[Any]]]:
        """Yield the terms with something else beside the gradient."""
        edges = list(swept.terms[name])
        state = [(e, p) for e in edges if (p := self.operands.state_position(e)) is not None]
        if len(state) == len(edges):
            line, formula = FROM_STATE.get(self.cell, "R7"), "dW_hh = daᵀ h_prev"
            after = [self.operands.after(e, p) for e, p in state]
            if all(a is not None for a in after):
                yield (
                    Mistake(
                        "h_t where h_{t−1} belongs",
                        "h_t stands where h_{t−1} belongs: the recurrent weight was multiplied by"
                        " the state of the step before",
                        line, formula, MORE_STEPS,
                    ),
                    [
                        self.with_operand(swept, name, e, p, a)
                        for (e, p), a in zip(state, after, strict=True)
                    ],
                )  # fmt: skip
            if len(state) > 1 and all(a is not None for a in after):
                last = max(range(len(state)), key=lambda i: state[i][0].node.order)
                first = min(range(len(state)), key=lambda i: state[i][0].node.order)
                terms = [swept.terms[name][e] for e, _ in state]
                edge, position = state[first]
                terms[first] = self.with_operand(swept, name, edge, position, after[last])
                yield (
                    Mistake(
                        "the last state read as the one before the first",
                        "at the first step the last state h_{T−1} stands where h_{−1} belongs: a"
                        " list's index −1 is its end",
                        line, formula, MORE_STEPS,
                    ),
                    terms,
                )  # fmt: skip
        if not state:
            yield from self.neighbours(swept, name)
        if all(is_lookup(e) for e in edges):
            yield (
                Mistake(
                    "repeated tokens counted once",
                    "a token that occurs more than once has the gradient of its last place only:"
                    " dE[ids] += dx adds once for each different id; np.add.at adds each",
                    "M6", "d_embedding[id] += d_x, for every position with that id",
                    "choose inputs in which a token occurs twice at the same step",
                ),
                [self.assigned(swept, e) for e in edges],
            )  # fmt: skip
        bare = []
        for edge in edges:
            g = swept.bare(edge.node)
            bare.append(self.term(swept, name, edge, vjp(edge.node, g)))
        yield (
            Mistake(
                "slope missing in the weight's gradient",
                "the slope of the curve is missing in this gradient, though not in the carry: dh"
                " stands where da belongs",
                (FROM_STATE if state else FROM_INPUT).get(self.cell, "S8"),
                "da = dh · slope(h), before any product", "",
            ),
            bare,
        )  # fmt: skip

    def neighbours(self, swept: Swept, name: str) -> Iterator[tuple[Mistake, list[Any]]]:
        """Yield the terms with the operand of the step before, or after, beside the gradient."""
        places = {e: p for e in swept.terms[name] if (p := self.operands.beside(e)) is not None}
        if len(places) < len(swept.terms[name]):
            return
        ordered = sorted(places, key=lambda e: e.node.order)
        T = len(self.problem.steps)
        for shift, which in ((1, "after"), (-1, "before")):
            terms = []
            for k, edge in enumerate(ordered):
                position = places[edge]
                operand = array_of(edge.node.inputs[position])
                if len(ordered) == 1 and operand.ndim == 3 and len(operand) == T > 1:
                    beyond = self.operands.first_state(edge, position) if shift < 0 else None
                    moved = np.roll(operand, -shift, axis=0)
                    moved[-1 if shift > 0 else 0] = 0 if beyond is None else beyond
                elif 0 <= k + shift < len(ordered):
                    neighbour = ordered[k + shift]
                    moved = array_of(neighbour.node.inputs[places[neighbour]])
                else:
                    moved = self.operands.first_state(edge, position) if shift < 0 else None
                if moved is not None and np.shape(moved) == operand.shape:
                    terms.append(self.with_operand(swept, name, edge, position, moved))
            if terms:
                yield (
                    Mistake(
                        f"the step {which}'s value beside the gradient",
                        "each step's gradient is multiplied by what belongs to the step"
                        f" {which}",
                        FROM_INPUT.get(self.cell, "S8"), "dW = Σ_t δ_tᵀ x_t", MORE_STEPS,
                    ),
                    terms,
                )  # fmt: skip

    def assigned(self, swept: Swept, edge: Edge) -> Any:
        """Return a term that was assigned to the rows of an embedding where it should be added."""
        (ids,) = edge.node.inputs[1:]
        ids, g = array_of(ids), swept.arrived[edge.node]
        total = np.zeros_like(edge.x.data)
        steps = zip(ids, g, strict=True) if ids.ndim > 1 else [(ids, g)]
        for row_ids, row in steps:  # np.add.at is what was meant
            total[row_ids] += row
        return total

    def other_steps(self, swept: Swept, name: str) -> Candidates:
        """Return sums over some time steps only."""
        by_step = self.by_step(swept, name)
        steps = [t for t in self.problem.steps if t in by_step]
        found: Candidates = {}
        if len(steps) < 2:
            return found
        first, last = steps[0], steps[-1]
        outside = by_step.get(None, 0)
        total = sum(by_step[t] for t in steps) + outside
        for key, sentence, gradient in (
            ("only the first step's term", "only the first step's term is left: = stands where +="
             " belongs, and the loop runs backwards", by_step[first]),
            ("only the last step's term", "only the last step's term is there: the sum over time is"
             " missing", by_step[last]),
            ("first step left out", "the first step's term is left out: the loop ends one step too"
             " early", total - by_step[first]),
            ("last step left out", "the last step's term is left out: the loop begins one step too"
             " late", total - by_step[last]),
        ):  # fmt: skip
            mistake = Mistake(key, sentence, "S8", "total += term, for every step", MORE_STEPS)
            found[mistake] = gradient + np.zeros_like(total)
        return found

    def by_step(self, swept: Swept, name: str) -> dict[int | None, Any]:
        """Add up the terms of each time step; a use on all steps at once is taken apart."""
        found: dict[int | None, Any] = {}
        steps = self.problem.steps
        for edge, term in swept.terms[name].items():
            t = self.problem.times[edge.node]
            g = swept.arrived[edge.node]
            if t is None and g.ndim > 1 and g.shape[0] == len(steps) > 1:
                for i, step in enumerate(sorted(steps)):
                    one = np.zeros_like(g)
                    one[i] = g[i]
                    part = self.term(swept, name, edge, vjp(edge.node, one))
                    found[step] = found[step] + part if step in found else part
            else:
                found[t] = found[t] + term if t in found else term
        return found

    def unsummed(self, swept: Swept, name: str) -> Any:
        """Return a bias's gradient before the sum over the batch."""
        total = None
        weight = self.problem.weights[name]
        for edge in swept.terms[name]:
            bias = edge.node.rule is ops.add.rule or (
                edge.node.rule in PRODUCTS
                and argument_names(edge.node)[edge.position].startswith("b")
                and edge.node.rule is not ops.matmul.rule
            )
            g = swept.arrived[edge.node]
            if not bias or (g.ndim <= np.ndim(weight.data) and g.shape == weight.data.shape):
                return None
            total = g if total is None or total.shape != g.shape else total + g
        return total

    def with_operand(self, swept: Swept, name: str, edge: Edge, position: int, array: Any) -> Any:
        """Return a term with another array beside the gradient."""
        here = swept.heres[edge.node]
        return self.term(swept, name, edge, here.with_input(position, array))

    def term(self, swept: Swept, name: str, edge: Edge, gradients: Any) -> Any:
        """Return the part of what a VJP gave that belongs to a weight."""
        g = fit(gradients[edge.position], edge.node, edge.position)
        return sum(dense(part) for n, part in swept.weights_below(edge.x, g) if n == name)
