"""Mutants: derivatives made wrong mechanically, to prove that a checker notices.

The source of a VJP, and of the plain functions that it calls, is read as a syntax tree. Each place
where it could be wrong (a sign, factor, operand, transpose, reduction, axis, comparison, branch,
the order of what is returned) gives one mutant or more, compiled in the namespace of its module.
What is changed is decided in `mutations`; here mutants are listed, compiled and put in place.
Imports that and the engine.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from types import FunctionType
from typing import Any

from ..engine.errors import GraphError, explain
from ..engine.rule import Rule
from .mutations import alternatives
from .sources import bounded, compiled, definitions


@dataclass(frozen=True)
class Mutant:
    """One function with one change.

    Attributes
    ----------
    rule : Rule
        The op.
    name : str
        ``VJP``, or which helper function of it was changed. Rules may share a helper.
    number : int
        The how many-th change of that function it is.
    before, after : str
        The line of source as it is, and as it was changed to.
    vjp : FunctionType
        Its derivative with that change, in a namespace of its own.
    """

    rule: Rule
    name: str
    number: int
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
    found = []
    for definition, name in functions_in(tree):
        for number, (before, after) in enumerate(changes(definition)):
            found.append(Mutant(rule, name, number, before, after, compiled(tree, vjp)))
    return found


def control(rule: Rule) -> Mutant:
    """Return the derivative compiled like its mutants, with nothing changed: it must survive."""
    assert isinstance(rule.vjp, FunctionType)
    vjp = compiled(definitions(rule.vjp), rule.vjp)
    return Mutant(rule, "VJP", -1, "", "", vjp)


def functions_in(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Yield every function and method that is defined, and what to call it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, "VJP" if node is tree.body[-1] else node.name
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield method, f"{node.name}.{method.name}"


def changes(definition: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Change a definition in place, in every way in turn; yield a line before and after."""
    skipped: set[Any] = {definition.args, definition.returns, *definition.decorator_list}
    skipped |= {x.annotation for x in ast.walk(definition) if isinstance(x, ast.AnnAssign)}
    skipped |= bounded(definition)
    if ast.get_docstring(definition):
        skipped.add(definition.body[0])
    names = [each.arg for each in ast.walk(definition.args) if isinstance(each, ast.arg)]
    original = ast.unparse(definition)
    seen = {original}
    for parent, field, index, node in list(places(definition, skipped)):
        for changed in alternatives(node, names):
            put(parent, field, index, changed)
            source = ast.unparse(definition)
            if source not in seen:
                seen.add(source)
                yield first_change(original, source)
        put(parent, field, index, node)


def first_change(before: str, after: str) -> tuple[str, str]:
    """Return the first line that differs, of both sources."""
    pairs = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    return next((a.strip(), b.strip()) for a, b in pairs if a != b)


Place = tuple[Any, str, int | None, ast.AST]


def places(root: ast.AST, skipped: set[Any]) -> Iterator[Place]:
    """Yield every node below a root, with the field of its parent that holds it."""
    waiting = [root]
    while waiting:
        parent = waiting.pop(0)
        for name, value in ast.iter_fields(parent):
            nodes = value if isinstance(value, list) else [value]
            for i, node in enumerate(nodes):
                if isinstance(node, ast.AST) and node not in skipped:
                    yield parent, name, i if isinstance(value, list) else None, node
                    waiting.append(node)


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
