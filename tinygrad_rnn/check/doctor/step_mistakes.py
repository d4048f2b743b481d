"""Mistakes within one step, beside the slopes: factors of products, terms of sums.

Imports `mistake`, `anatomy`, `changes`, `curves`, `wording`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ... import ops
from ...engine.graph import Node
from .anatomy import Anatomy
from .changes import at, dropped, negated, replaced
from .curves import curve_at, is_one
from .mistake import Mistake
from .problem import Edge, Problem
from .sweep import Here
from .wording import input_name, said, said_node


def factor_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield what can go wrong at a product of two values of a step, such as i · g."""
    for edges in alike_edges(problem, ops.multiply.rule):
        edge = edges[-1]
        other = 1 - edge.position
        line, formula = anatomy.line(edge)
        here, there = said(problem, anatomy, edge), input_name(anatomy, edge, other)
        for name, what, g, rare in wrong_factors(problem, edge, here, there):
            sentence = f"the gradient of {here} is {what}"
            changes = {e.node: [replaced(e.position, g)] for e in edges}
            yield Mistake(name, sentence, line, formula, changes=changes, rare=rare)
        yield from sign_and_term(anatomy, problem, edges, line, formula)


def wrong_factors(
    problem: Problem, edge: Edge, here: str, there: str
) -> Iterator[tuple[str, str, Callable[[Here], Any], bool]]:
    """Yield what can stand in the place of the other factor of a product."""
    position, other = edge.position, 1 - edge.position
    belongs = f", where {there} belongs"
    inner = edge.node.inputs[other]
    curve = curve_at(inner) if isinstance(inner, Node) else None
    complement = there.removeprefix("1−") if there.startswith("1−") else f"1 − {there}"
    yield (
        f"factor {there} missing ({here})",
        f"not multiplied by {there}",
        lambda h: h.g,
        False,
    )
    if curve_at(edge.x) and curve is not None:
        yield (
            f"own value as the factor ({here})",
            f"multiplied by {here} itself{belongs}",
            lambda h: h.g * h.x(position),
            True,
        )
    if there.startswith("1−") or (curve is not None and curve.name == "sigmoid"):
        yield (
            f"{complement} in the place of {there} ({here})",
            f"multiplied by {complement}{belongs}",
            lambda h: h.g * (1 - h.x(other)),
            True,
        )
    state = state_after(problem, edge.node, other)
    if state is not None:
        letter = there.partition("_")[0] if there in ("h_prev", "c_prev") else "state"
        yield (
            f"{letter}_t where {letter}_{{t−1}} belongs ({here})",
            f"multiplied by {letter}_t, where {letter}_{{t−1}}, the one of the step before,"
            " belongs",
            lambda h: h.g * state_after(problem, h.node, other).data,  # type: ignore[union-attr]
            False,
        )
    if curve is not None:
        yield (
            f"{there} before its curve ({here})",
            f"multiplied by what {there} was before its {curve.name}{belongs}",
            lambda h: h.g * before_curve(h, other),
            True,
        )


def state_after(problem: Problem, node: Node, position: int) -> Node | None:
    """Return the state that a step makes of the one that it reads at an input, if it reads one."""
    kind = problem.states_read.get((problem.kinds[node], position))
    t = problem.times[node]
    return next((x for x in problem.alike[kind] if problem.times[x] == t), None) if kind else None


def before_curve(here: Here, position: int) -> Any:
    """Return the pre-activation of a factor."""
    curve = curve_at(here.node.inputs[position])
    return curve.a.data if curve is not None else here.x(position)


def sum_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield what can go wrong at sums and differences of values of a step."""
    for rule in (ops.add.rule, ops.subtract.rule):
        for edges in alike_edges(problem, rule):
            if problem.steps and problem.times[edges[-1].node] is None:
                continue  # losses of the steps, added up
            line, formula = anatomy.line(edges[-1])
            yield from sign_and_term(anatomy, problem, edges, line, formula)


def sign_and_term(
    anatomy: Anatomy, problem: Problem, edges: list[Edge], line: str, formula: str
) -> Iterator[Mistake]:
    """Yield a term that is dropped, and one of the wrong sign."""
    if (problem.kinds[edges[0].node], edges[0].position) in problem.states_read:
        return  # what a dropped carry is, is said there
    here = said(problem, anatomy, edges[-1])
    whole = said_node(problem, anatomy, edges[-1].node)
    yield Mistake(
        f"term dropped ({here} from {whole})",
        f"a term is missing: nothing goes back from {whole} to {here}",
        line, formula, changes=at(edges, dropped),
    )  # fmt: skip
    yield Mistake(
        f"sign ({here} from {whole})",
        f"what goes back from {whole} to {here} has the wrong sign",
        line, formula, changes=at(edges, negated), rare=True,
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
        if any(is_one(x) for x in nodes[0].inputs):
            continue  # 1 − z: what goes wrong there, goes wrong where it is multiplied
        by_position: dict[int, list[Edge]] = {}
        for node in nodes:
            for edge in problem.edges[node]:
                if edge.x not in problem.weight_side:
                    by_position.setdefault(edge.position, []).append(edge)
        if rule is ops.multiply.rule or len(by_position) > 1:
            yield from by_position.values()


def pre_activations(problem: Problem) -> set[Node]:
    """Return the nodes that are sums of products with weights, and parts of them."""
    pre: set[Node] = set()
    for node in problem.nodes:
        parts = {x for x in node.inputs if isinstance(x, Node)}
        if problem.is_product(node) and parts & problem.weight_side:
            pre.add(node)
        elif node.rule in (ops.add.rule, ops.getitem.rule):
            inputs = [x for x in node.inputs if isinstance(x, Node)]
            if inputs and all(x in pre or x in problem.weight_side for x in inputs):
                pre.add(node)
    return pre - problem.weight_side
