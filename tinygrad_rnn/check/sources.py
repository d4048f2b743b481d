"""Functions read from their source and compiled again: what mutants are made by.

Imports the engine.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import linecache
import textwrap
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

from ..engine.backward import Deferred
from ..engine.errors import GraphError, explain

COUNTER, TURN = "turns = iter(range(1000))", "next(turns)"
"""What every while loop is given: a mutant may have made it endless, StopIteration ends it."""


def definitions(function: FunctionType) -> ast.Module:
    """Read a function, and what it uses of its own module: plain functions, sparse gradients.

    Returns
    -------
    ast.Module
        Their definitions; the function itself comes last, without ``@….vjp``, which registers it.
    """
    used: dict[str, FunctionType | type[Deferred]] = {}
    namespace = inspect.unwrap(function).__globals__
    waiting = [inspect.unwrap(function).__code__]
    while waiting:
        code = waiting.pop()
        waiting += nested(code)
        for name in code.co_names:
            found: Any = namespace.get(name)
            mine = getattr(found, "__module__", None) == function.__module__
            if mine and name not in used and is_helper(found):
                used[name] = found
                waiting += [inspect.unwrap(f).__code__ for f in functions_of(found)]
    tree = ast.Module([], [])
    for each in (*used.values(), function):
        for part in functions_of(each):
            must_be_current(inspect.unwrap(part))
        definition = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        tree.body.append(definition)
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = [
        each
        for each in definition.decorator_list
        if not (isinstance(each, ast.Attribute) and each.attr == "vjp")
    ]
    return tree


def is_helper(x: Any) -> bool:
    """Say whether it is a plain function, or a class of sparse gradients."""
    return isinstance(x, FunctionType) or (isinstance(x, type) and issubclass(x, Deferred))


def functions_of(x: Any) -> list[FunctionType]:
    """Return the methods of a class, or the function itself."""
    return [f for f in (vars(x).values() if isinstance(x, type) else [x]) if inspect.isfunction(f)]


def nested(code: CodeType) -> list[CodeType]:
    """Return the code of functions that are defined inside."""
    return [part for part in code.co_consts if inspect.iscode(part)]


def bounded(definition: ast.FunctionDef) -> set[ast.AST]:
    """Let every while loop count its turns, so that a mutant of it ends; return what was added."""
    added: set[ast.AST] = set()
    for parent in list(ast.walk(definition)):
        for body in (getattr(parent, "body", None), getattr(parent, "orelse", None)):
            if not isinstance(body, list):
                continue
            for loop in [statement for statement in body if isinstance(statement, ast.While)]:
                counter, turn = ast.parse(COUNTER).body[0], ast.parse(TURN).body[0]
                loop.body.insert(0, turn)
                body.insert(body.index(loop), counter)
                added |= {counter, turn}
    return added


def must_be_current(function: FunctionType) -> None:
    """Refuse a function whose file no longer compiles to what is running."""
    running = function.__code__
    source = "".join(linecache.getlines(running.co_filename))
    waiting = [compile(source, running.co_filename, "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        waiting += nested(code)
        if code.co_name == running.co_name and code.co_firstlineno == running.co_firstlineno:
            if code.co_code == running.co_code:
                return
            break
    raise GraphError(
        explain(
            f"the source of {function.__qualname__} is not what is running",
            where=running.co_filename,
            why="the file was changed after it was imported",
            fix="start Python anew",
        )
    )


def compiled(
    tree: ast.Module,
    original: FunctionType,
    ready: Mapping[ast.stmt, CodeType],
    **names: Any,
) -> FunctionType:
    """Run definitions in a copy of the original's namespace; return the last of them.

    Parameters
    ----------
    tree : ast.Module
        As `definitions` returns it, changed or not.
    original : FunctionType
        The function that it was made of.
    ready : mapping
        The code of those definitions that are not changed.
    **names
        What the namespace shall hold beside.
    """
    innermost = inspect.unwrap(original)  # without np.errstate and the like
    namespace = {**innermost.__globals__, **inspect.getclosurevars(innermost).nonlocals, **names}
    for node in tree.body:
        code = ready.get(node) or code_of(node, innermost.__code__.co_filename)
        exec(code, namespace)  # the package's own source, changed in one place
    function = namespace[original.__name__]
    assert isinstance(function, FunctionType)
    return function


def code_of(node: ast.stmt, filename: str) -> CodeType:
    """Compile one definition."""
    tree = ast.fix_missing_locations(ast.Module([node], []))
    flags = __future__.annotations.compiler_flag
    return compile(tree, filename, "exec", flags=flags, dont_inherit=True)
