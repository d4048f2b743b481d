"""What can be wrong at one place of a derivative: the changes that make a mutant.

Imports nothing of ours. `alternatives` gives, for a node of the syntax tree, what to put there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations

OPERATORS: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Add],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
OTHER_FUNCTION = {
    "sum": "mean", "mean": "sum", "max": "min", "min": "max",
    "sin": "cos", "cos": "sin", "exp": "expm1", "log": "log1p",
    "all": "any", "any": "all", "ones": "zeros", "zeros": "ones",
}  # fmt: skip


def alternatives(node: ast.AST, names: Sequence[str]) -> Iterator[ast.AST]:
    """Yield what can stand in the place of a node so that the result is probably wrong.

    Parameters
    ----------
    node : ast.AST
        An expression or a statement of a derivative.
    names : sequence of str
        The function's parameters, which may be mistaken for one another.
    """
    if isinstance(node, ast.BinOp):
        yield from of_operation(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), []):
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Constant):
        yield from of_constant(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (ast.Name(name, ast.Load()) for name in names if name != node.id)
    elif isinstance(node, ast.Call):
        yield from of_call(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        for i, j in combinations(range(len(node.elts)), 2):
            order = list(node.elts)
            order[i], order[j] = order[j], order[i]
            yield type(node)(order, ast.Load())
    elif isinstance(node, ast.Slice):
        yield from (ast.Slice(None, node.upper, node.step), ast.Slice(node.lower, None, node.step))
    elif isinstance(node, ast.Lambda):
        yield ast.Lambda(node.args, negated(node.body))
    elif isinstance(node, (ast.If, ast.While)):
        yield from of_branch(node)
    elif isinstance(node, ast.Return) and node.value is not None:
        if is_truth(node.value):
            yield ast.Return(ast.UnaryOp(ast.Not(), node.value))
        elif not isinstance(node.value, (ast.Tuple, ast.List)):
            yield ast.Return(negated(node.value))
            yield ast.Return(scaled(node.value))
    elif isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=node.lineno)
        yield ast.Pass()


def of_operation(node: ast.BinOp) -> Iterator[ast.AST]:
    """Change an operator, drop an operand, turn one around, or scale the whole."""
    for other in OPERATORS.get(type(node.op), []):
        yield ast.BinOp(node.left, other(), node.right)
    yield from (node.left, node.right)
    if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
        yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(transposed(node.left), node.op, node.right)
        yield ast.BinOp(node.left, node.op, transposed(node.right))
    if isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult, ast.Add, ast.Sub)):
        yield negated(node)
        yield scaled(node)


def of_call(node: ast.Call) -> Iterator[ast.AST]:
    """Leave a call out, call another function, drop or exchange arguments."""
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]  # np.sum(x) → x, swapaxes(x, -1, -2) → x, reshape(g, shape=…) → g
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Attribute) and not is_module(node.func.value) and name != "tolist":
        yield node.func.value  # x.sum() → x
    other = OTHER_FUNCTION.get(name)
    if other is not None:
        owner = getattr(node.func, "value", None) or ast.Name("np", ast.Load())
        yield ast.Call(ast.Attribute(owner, other, ast.Load()), node.args, node.keywords)
    for keyword in (k for k in node.keywords if k.arg != "strict"):
        yield ast.Call(node.func, node.args, [k for k in node.keywords if k is not keyword])
    for i, j in combinations(range(len(node.args)), 2):
        order = list(node.args)
        order[i], order[j] = order[j], order[i]
        yield ast.Call(node.func, order, node.keywords)


def of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    """Change a number, turn a boolean around."""
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
        if node.value:
            yield ast.Constant(node.value * 2)


def of_branch(node: ast.If | ast.While) -> Iterator[ast.AST]:
    """Turn the condition around; always and never go there."""
    tests = (ast.UnaryOp(ast.Not(), node.test), ast.Constant(True), ast.Constant(False))
    for test in tests[: 3 if isinstance(node, ast.If) else 1]:
        yield type(node)(test, node.body, node.orelse)


def negated(node: ast.expr) -> ast.expr:
    """Write −(…)."""
    return ast.UnaryOp(ast.USub(), node)


def scaled(node: ast.expr) -> ast.expr:
    """Write 1.0005 · (…): the smallest wrong factor that has to be found."""
    return ast.BinOp(ast.Constant(1.0005), ast.Mult(), node)


def transposed(node: ast.expr) -> ast.expr:
    """Write np.swapaxes(…, -1, -2)."""
    swapaxes = ast.Attribute(ast.Name("np", ast.Load()), "swapaxes", ast.Load())
    return ast.Call(swapaxes, [node, ast.Constant(-1), ast.Constant(-2)], [])


def is_truth(node: ast.expr) -> bool:
    """Say whether an expression is true or false: −True would still be true."""
    compared = isinstance(node, (ast.Compare, ast.BoolOp))
    return compared or (isinstance(node, ast.Constant) and isinstance(node.value, bool))


def is_module(node: ast.expr) -> bool:
    """Say whether a name stands for a module: np.sum(x) is no method call."""
    return isinstance(node, ast.Name) and node.id in ("np", "math")
