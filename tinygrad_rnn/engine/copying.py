"""Copying a graph: each node once, no recursion. Imports the graph only."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from .graph import Node, ancestors, by_creation


def copied(root: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy of a Value: of its past and of all gradients, as `copy.deepcopy` wants it.

    Parameters
    ----------
    root : Value
    memo : dict
        From the ids of what has been copied already to the copies.
    """
    nodes = with_gradients(root)
    for node in nodes:  # inputs before outputs
        if id(node) not in memo:
            twin = type(root)(node.data.copy(), name=node.name, requires_grad=node.requires_grad)
            twin.scope, twin.rule, twin.params = node.scope, node.rule, node.params
            twin.inputs = tuple(memo.get(id(x), x) for x in node.inputs)
            memo[id(node)] = twin
    for node in nodes:
        g = node.grad
        memo[id(node)].grad = memo[id(g)] if isinstance(g, Node) else deepcopy(g)
    return memo[id(root)]


def with_gradients(root: Node) -> list[Node]:
    """List the ancestors of a node, and of their gradients that are nodes, in order."""
    found: dict[Node, None] = {}
    stack = [root]
    while stack:
        for node in ancestors(stack.pop(), constants=True):
            if node not in found:
                found[node] = None
                if isinstance(node.grad, Node):
                    stack.append(node.grad)
    return sorted(found, key=by_creation)
