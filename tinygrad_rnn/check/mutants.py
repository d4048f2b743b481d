"""Mutants: derivatives made wrong mechanically, to prove that a checker notices.

The source of a VJP, and of the plain functions that it calls, is read as a syntax tree. Each place
where it could be wrong (a sign, factor, operand, transpose, reduction, axis, comparison, branch,
the order of what is returned) gives one mutant or more, compiled in the namespace of its module.
What is changed is decided in `mutations`; here mutants are listed, compiled and put in place.
Imports that and the engine.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from types import FunctionType
from typing import Any

from ..engine.errors import GraphError, explain
from ..engine.rule import Rule
from .mutations import alternatives
from .sources import bounded, code_of, compiled, definitions

Statement = tuple[str, int]
"""The name of a function and a line in it."""


@dataclass(frozen=True)
class Mutant:
    """One function with one change.

    Attributes
    ----------
    rule : Rule
        The op.
    name : str
        ``VJP``, or which helper function of it was changed. Rules may share a helper.
    line : int
        Where the changed statement begins, counted from the first line of the definition.
    before, after : str
        The line of source as it is, and as it was changed to.
    vjp : FunctionType
        Its derivative with that change, in a namespace of its own.
    """

    rule: Rule
    name: str
    line: int
    before: str
    after: str
    vjp: FunctionType

    def __str__(self) -> str:
        return f"{self.name} of {self.rule.name}: {self.before}  →  {self.after}"

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put the mutant in the place of the original, for a while."""
        original = self.rule.vjp
        self.rule.vjp = self.vjp
        try:
            yield
        finally:
            self.rule.vjp = original


def mutants(rule: Rule) -> list[Mutant]:
    """Make every mutant of a rule's derivative.

    Parameters
    ----------
    rule : Rule
        With a VJP that is written with ``def``.

    Returns
    -------
    list of Mutant
        Of the VJP, of the plain functions of its own module that it calls, and of the methods of
        the sparse gradients that it returns. The forward function is never changed.

    Raises
    ------
    RuntimeError
        If there is no VJP, or no source to read.
    """
    vjp = rule.vjp
    if not isinstance(vjp, FunctionType) or vjp.__name__ == "<lambda>":
        raise GraphError(
            explain(
                f"{rule.name} has no derivative whose source can be read",
                why="mutants are made of the source of a VJP that is written with def",
                fix=f"write @{rule.name}.vjp above def _(g, y, …): …",
            )
        )
    tree = definitions(vjp)
    filename = inspect.unwrap(vjp).__code__.co_filename
    added = {id(f): bounded(f) for _, f, _ in functions_in(tree)}
    ready = {node: code_of(node, filename) for node in tree.body}
    found = []
    for outer, definition, name in functions_in(tree):
        others = {node: code for node, code in ready.items() if node is not outer}
        for line, before, after in changes(definition, added[id(definition)]):
            changed = compiled(tree, vjp, others)
            found.append(Mutant(rule, name, line, before, after, changed))
    return found


def control(rule: Rule, reached: set[Statement] | None = None) -> Mutant:
    """Return the derivative compiled like its mutants, with nothing changed: it must survive.

    Parameters
    ----------
    rule : Rule
        As for `mutants`.
    reached : set, optional
        Collects the statements that are executed, as ``(mutant.name, mutant.line)``: a check that
        does not reach a statement cannot notice a mutant of it.
    """
    assert isinstance(rule.vjp, FunctionType)
    tree = definitions(rule.vjp)
    if reached is not None:
        for _, definition, name in functions_in(tree):
            report_statements(definition, name)
        return Mutant(rule, "VJP", 0, "", "", compiled(tree, rule.vjp, {}, reached=reached.add))
    return Mutant(rule, "VJP", 0, "", "", compiled(tree, rule.vjp, {}))


def report_statements(definition: ast.FunctionDef, name: str) -> None:
    """Let every statement of a function say that it has been reached."""
    for parent in list(ast.walk(definition)):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(parent, field, None)
            if isinstance(body, list):
                said = [ast.parse(f"reached({(name, each.lineno)!r})").body[0] for each in body]
                body[:] = [each for pair in zip(said, body, strict=True) for each in pair]


def functions_in(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.FunctionDef, str]]:
    """Yield every function and method, with the definition that it is in, and what to call it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, node, "VJP" if node is tree.body[-1] else node.name
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield node, method, f"{node.name}.{method.name}"


def changes(definition: ast.FunctionDef, added: set[ast.AST]) -> Iterator[tuple[int, str, str]]:
    """Change a definition in place, in every way in turn; yield the line, before and after."""
    skipped: set[Any] = {definition.args, definition.returns, *definition.decorator_list} | added
    for x in ast.walk(definition):
        if isinstance(x, ast.AnnAssign):
            skipped.add(x.annotation)
        elif isinstance(x, ast.keyword) and x.arg == "strict":  # it only says what is so
            skipped.add(x)
    if ast.get_docstring(definition):
        skipped.add(definition.body[0])
    names = [each.arg for each in ast.walk(definition.args) if isinstance(each, ast.arg)]
    original = ast.unparse(definition)
    seen = {original}
    for parent, field, index, node, line in list(places(definition, skipped)):
        for changed in alternatives(node, names):
            put(parent, field, index, changed)
            source = ast.unparse(definition)
            if source not in seen:
                seen.add(source)
                yield line, *first_change(original, source)
        put(parent, field, index, node)


def first_change(before: str, after: str) -> tuple[str, str]:
    """Return the first line that differs, of both sources."""
    pairs = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    return next((a.strip(), b.strip()) for a, b in pairs if a != b)


Place = tuple[Any, str, int | None, ast.AST, int]


def places(root: ast.FunctionDef, skipped: set[Any]) -> Iterator[Place]:
    """Yield every node below a root, with the field of its parent and the line of its statement."""
    waiting: list[tuple[ast.AST, int]] = [(root, root.lineno)]
    while waiting:
        parent, line = waiting.pop(0)
        for name, value in ast.iter_fields(parent):
            nodes = value if isinstance(value, list) else [value]
            for i, node in enumerate(nodes):
                if isinstance(node, ast.AST) and node not in skipped:
                    here = node.lineno if isinstance(node, ast.stmt) else line
                    yield parent, name, i if isinstance(value, list) else None, node, here
                    waiting.append((node, here))


def put(parent: Any, name: str, index: int | None, node: ast.AST) -> None:
    """Put a node into a field of its parent."""
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def survives(mutant: Mutant, checks: Iterable[Callable[[], object]]) -> bool:
    """Say whether no check notices a mutant: a check that notices raises.

    Parameters
    ----------
    mutant : Mutant
        It is put in the place of the original meanwhile.
    checks : iterable of callable
        The cheap ones first.
    """
    with mutant.installed():
        for check in checks:
            try:
                check()
            except Exception:  # whatever it is: the mutant has been noticed
                return False
    return True
