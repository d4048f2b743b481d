"""Mistakes within one step, beside the slopes: factors of products, terms of sums.

Imports `mistake`, `anatomy`, `changes`, `curves`, `wording`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import ops
from ...engine.graph import Node
from .anatomy import Anatomy
from .changes import at, dropped, negated, replaced
from .curves import curve_at, is_one
from .mistake import Mistake
from .problem import PRODUCTS, Edge, Problem
from .sweep import Here
from .wording import input_name, said, said_node

OTHER_VALUES = "take other weights and inputs: here two factors happen to be equal"


def factor_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield what can go wrong at a product of two values of a step, such as i · g."""
    for edges in alike_edges(problem, ops.multiply.rule):
        edge = edges[-1]
        position, other = edge.position, 1 - edge.position
        line, formula = anatomy.line(edge)
        here, there = said(problem, anatomy, edge), input_name(anatomy, edge, other)
        kinds = [
            (
                f"factor {there} missing ({here})",
                f"the gradient of {here} is not multiplied by {there}",
                lambda h, o=other: h.g,
            ),
            (
                f"own value as the factor ({here})",
                f"the gradient of {here} is multiplied by {here} itself, where {there} belongs",
                lambda h, p=position: h.g * h.x(p),
            ),
            (
                f"1 − {there} in the place of {there} ({here})",
                f"the gradient of {here} is multiplied by 1 − {there}, where {there} belongs",
                lambda h, o=other: h.g * (1 - h.x(o)),
            ),
        ]
        inner = edge.node.inputs[other]
        curve = curve_at(inner) if isinstance(inner, Node) else None
        if curve is not None:
            kinds.append(
                (
                    f"{there} before its curve ({here})",
                    f"the gradient of {here} is multiplied by what {there} was before its"
                    f" {curve.name}, where {there} belongs",
                    lambda h, o=other: h.g * before_curve(h, o),
                )
            )
        for name, sentence, g in kinds:
            yield Mistake(
                name, sentence, line, formula, OTHER_VALUES,
                {e.node: [replaced(e.position, g)] for e in edges},
            )  # fmt: skip
        yield from sign_and_term(anatomy, problem, edges, line, formula)


def before_curve(here: Here, position: int) -> Any:
    """Return the pre-activation of a factor."""
    curve = curve_at(here.node.inputs[position])
    return curve.a.data if curve is not None else here.x(position)


def sum_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield what can go wrong at sums and differences of values of a step."""
    for rule in (ops.add.rule, ops.subtract.rule):
        for edges in alike_edges(problem, rule):
            line, formula = anatomy.line(edges[-1])
            yield from sign_and_term(anatomy, problem, edges, line, formula)


def sign_and_term(
    anatomy: Anatomy, problem: Problem, edges: list[Edge], line: str, formula: str
) -> Iterator[Mistake]:
    """Yield a term that is dropped, and one of the wrong sign."""
    here = said(problem, anatomy, edges[-1])
    whole = said_node(problem, anatomy, edges[-1].node)
    yield Mistake(
        f"term dropped ({here} from {whole})",
        f"a term is missing: nothing goes back from {whole} to {here}",
        line, formula, OTHER_VALUES, at(edges, dropped),
    )  # fmt: skip
    yield Mistake(
        f"sign ({here} from {whole})",
        f"what goes back from {whole} to {here} has the wrong sign",
        line, formula, OTHER_VALUES, at(edges, negated),
    )  # fmt: skip


def alike_edges(problem: Problem, rule: Any) -> Iterator[list[Edge]]:
    """Yield the edges of each kind of op of a rule, all steps together, an input at a time.

    Left out are sums that only make a pre-activation: each of their terms has a weight whose
    gradient tells of it.
    """
    pre = pre_activations(problem)
    for nodes in problem.alike.values():
        if nodes[0].rule is not rule or nodes[0] in problem.weight_side or nodes[0] in pre:
            continue
        by_position: dict[int, list[Edge]] = {}
        for node in nodes:
            for edge in problem.edges[node]:
                if edge.x not in problem.weight_side:
                    by_position.setdefault(edge.position, []).append(edge)
        if rule is ops.multiply.rule or sum(map(bool, by_position.values())) > 1 or in_cell(nodes):
            yield from by_position.values()


def in_cell(nodes: list[Node]) -> bool:
    """Say whether a difference is of the form 1 − z."""
    return nodes[0].rule is ops.subtract.rule and is_one(nodes[0].inputs[0])


def pre_activations(problem: Problem) -> set[Node]:
    """Return the nodes that are sums of products with weights, and parts of them."""
    pre: set[Node] = set()
    for node in problem.nodes:
        if node.rule in PRODUCTS and any(
            x in problem.weight_side for x in node.inputs if isinstance(x, Node)
        ):
            pre.add(node)
        elif node.rule in (ops.add.rule, ops.getitem.rule):
            inputs = [x for x in node.inputs if isinstance(x, Node)]
            if inputs and all(x in pre or x in problem.weight_side for x in inputs):
                pre.add(node)
    return pre - problem.weight_side
