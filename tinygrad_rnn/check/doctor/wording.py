"""What the parts of a problem are called in sentences. Imports `anatomy` and `problem`."""

from __future__ import annotations

from ...engine.graph import Node
from .anatomy import Anatomy
from .problem import Edge, Problem


def said(problem: Problem, anatomy: Anatomy, edge: Edge) -> str:
    """Call the input of an edge by its letter, else by its op."""
    return input_name(anatomy, edge, edge.position)


def input_name(anatomy: Anatomy, edge: Edge, position: int) -> str:
    """Call an input of a product or sum by its letter, else by its op."""
    x = edge.node.inputs[position]
    problem = anatomy.problem
    whole = anatomy.part(edge.node)
    if whole and whole.role in ("fc", "zh"):
        gate = {"fc": "f", "zh": "z"}[whole.role]
        part = anatomy.part(x) if isinstance(x, Node) else None
        return gate if part and part.role == gate else {"fc": "c_prev", "zh": "h_prev"}[whole.role]
    if whole and whole.role == "ru":
        part = anatomy.part(x) if isinstance(x, Node) else None
        return "r" if part and part.role == "r" else "u_n"
    if not isinstance(x, Node):
        return "a constant"
    if x.rule is not None and problem.times[x] != problem.times[edge.node]:
        return f"{said_node(problem, anatomy, x)} of the step before"
    return said_node(problem, anatomy, x)


def said_node(problem: Problem, anatomy: Anatomy, node: Node) -> str:
    """Call a node by its letter in the cell, by its name, or by its op and place."""
    part = anatomy.part(node)
    if part is not None:
        return {"fc": "f·c_prev", "ig": "i·g", "zh": "z·h_prev", "ru": "r·u_n"}.get(
            part.role, part.role
        )
    return node.name or place_of(node)


def place_of(node: Node) -> str:
    """Call a node by its op and scope."""
    scope = "/".join(p for p in node.scope.split("/") if p and not p.startswith("t="))
    name = node.rule.name if node.rule else "leaf"
    return f"{name} in {scope}" if scope else f"the {name}"
