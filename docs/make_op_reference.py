"""Write docs/ops.md from the ops themselves: python docs/make_op_reference.py

All of the page's tables is read from RULES, DOORS, signatures and docstrings, so that it cannot say
anything else than the code. A test compares the two.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import tinygrad_rnn as tg
from tinygrad_rnn.engine.operators import Operators
from tinygrad_rnn.extend import DOORS, RULES, Rule

PAGE = Path(__file__).with_name("ops.md")

ORDER = "arithmetic nonlinear reduction shaping indexing parts linear contraction"
ORDER += " softmax losses dropout comparison"

EXPRESSIONS = [
    *("a + b", "a - b", "a * b", "a / b", "a**b", "a @ b", "-a", "abs(a)", "a[b]"),
    *("a == b", "a != b", "a < b", "a <= b", "a > b", "a >= b"),
]

INTRODUCTION = """\
# The ops

Everything that the engine can differentiate: each op with its formula and its derivative. The page
is generated from the code by `python docs/make_op_reference.py`, and a test fails when it is out of
date. How to add to it: [Write your own op](write-your-own-op.md).

**How to read a row.** Of a *call*, the names before the `*` are arrays, those behind it are
settings. In a *derivative*, g is the gradient that arrives at y, and dx the gradient that goes on
to x. An input whose derivative is not named gets none: an index, a mask, class ids. No formula
mentions broadcasting: an input that was broadcast gets the sum over the repeated axes, and the
sweep sees to that for all ops.

**How to call an op.** As `tg.tanh(v)`, or in any of the *other ways*: NumPy's own function, an
operator, a method. All of them arrive at the same op. Arrays that are no Values give plain arrays,
and nothing is recorded.
"""


class Asked(Operators):
    """An operand that computes nothing, and answers with the name of the op it is asked for."""

    __slots__ = ()

    @staticmethod
    def apply(rule: Rule, inputs: Any, params: Any = None) -> Any:
        return rule.name


OPERATORS: dict[str, list[str]] = {}
for text in EXPRESSIONS:
    OPERATORS.setdefault(eval(text, {"a": Asked(), "b": 0}), []).append(f"`{text}`")


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *map(section, files())])


def files() -> list[str]:
    """List the modules that define ops: those of ORDER first, then others, the engine last."""
    listed = [f"tinygrad_rnn.ops.{name}" for name in ORDER.split()]
    found = {rule.forward.__module__ for rule in RULES.values()}
    ours = {name for name in found if name.startswith("tinygrad_rnn.")}
    return listed + sorted(ours - set(listed), reverse=True)


def section(name: str) -> str:
    """Return what one module of ops has."""
    module = importlib.import_module(name)
    rules = [rule for rule in RULES.values() if rule.forward.__module__ == name]
    parts = [f"## {name.rpartition('.')[2]}", about(module, rules)]
    if any(rule.differentiable for rule in rules):
        head = ["call", "formula", "derivative", "other ways"]
        rows = [[form(r), r.formula, derivative(r), other_ways(r.name, r)] for r in rules]
    else:
        head = ["call", "formula", "other ways"]
        rows = [[form(r), r.formula, other_ways(r.name, r)] for r in rules]
    if rules:
        parts.append(table(head, rows))
    if composed := composed_functions(module):
        parts.append("Composed of ops, and so without a derivative of their own:")
        head = ["call", "what it does", "other ways"]
        rows = [
            [code(f.__name__ + signature(f)), first_line(f), other_ways(f.__name__, f)]
            for f in composed
        ]
        parts.append(table(head, rows))
    return "\n\n".join(parts) + "\n"


def about(module: ModuleType, rules: list[Rule]) -> str:
    """Say what belongs in a module, and what its ops have in common."""
    sentences = [re.split(r"(?<=\.) ", first_line(module))[0]]
    others = [code(rule.name) for rule in rules if not rule.elementwise]
    if others and len(others) < len(rules):
        sentences.append(f"Elementwise, but for {', '.join(others)}.")
    elif rules and not others and "elementwise" not in sentences[0].lower():
        sentences.append("Elementwise.")
    if rules and not any(rule.differentiable for rule in rules):
        sentences.append("There is no derivative: y is a plain array.")
    path = module.__name__.partition(".")[2].replace(".", "/") + ".py"
    return " ".join([*sentences, f"In the code: [{path}](../tinygrad_rnn/{path})."])


def form(rule: Rule) -> str:
    """Return how an op is called: as its binder says, if it has one, else as its forward."""
    own = rule.bind if isinstance(rule.bind, FunctionType) else rule.forward
    return code(rule.name + signature(own))


def signature(function: Any) -> str:
    """Return the parameters of a function, without types."""
    found = inspect.signature(function)
    bare = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


def derivative(rule: Rule) -> str:
    """Return the formula of a derivative: the first line of the VJP's docstring."""
    return first_line(rule.vjp) if rule.differentiable else "none, y is a plain array"


def other_ways(name: str, target: Rule | FunctionType) -> str:
    """Return how else an op or a composed function is reached."""
    ways = [f"`np.{f.__name__}`" for f, op in DOORS.items() if target in (op, rule_of(op))]
    ways += OPERATORS.get(name, []) if isinstance(target, Rule) else []
    if hasattr(tg.Value, name):
        own = getattr(tg.Value, name)
        ways.append(code(f"v.{name}{method_form(own)}"))
    if not hasattr(tg, name):
        ways.append(f"no `tg.{name}`")
    return ", ".join(ways)


def method_form(own: Any) -> str:
    """Return what stands behind a method's name: nothing for a property."""
    if isinstance(own, property):
        return ""
    return "()" if len(inspect.signature(own).parameters) == 1 else "(…)"


def rule_of(op: Any) -> Rule | None:
    """Return the rule behind NumPy's door, or None for a composed function."""
    return getattr(op, "rule", None)


def composed_functions(module: ModuleType) -> list[FunctionType]:
    """List the functions of a file that people call and that have no rule."""
    offered = {id(f) for f in [*vars(tg).values(), *DOORS.values()]}
    return [
        f
        for f in vars(module).values()
        if isinstance(f, FunctionType) and f.__module__ == module.__name__ and id(f) in offered
    ]


def first_line(documented: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def code(text: str) -> str:
    """Mark text as code."""
    return f"`{text}`"


def escaped(cell: str) -> str:
    """Keep a bar in a cell from ending it."""
    return cell.replace("|", "\\|")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(escaped, line))} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
