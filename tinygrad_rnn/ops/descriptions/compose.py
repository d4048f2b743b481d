"""How an op is described: numpydoc made of its formula, its signature and a few words.

In the code an op is its equation. What `help` and the reference say beside it (shapes, errors, an
example) stands in the files beside this one, and what many ops share is said here, once. Imports
the engine only.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from ...engine.primitive import Primitive

AXES = "int or tuple of int, optional"
ONE_AXIS = {
    *("argmax", "argmin", "argsort", "cumsum", "softmax", "log_softmax"),
    *("concatenate", "stack", "unstack", "split", "take"),
}

TYPES = {
    "axis": AXES,
    "axes": AXES,
    "keepdims": "bool",
    "shape": "int or tuple of int",
    "dtype": "dtype",
    "ddof": "int",
    "p": "float",
    "generator": "numpy.random.Generator",
    "reduction": "{'mean', 'sum', 'none'}",
    "ignore_index": "int, optional",
    "subscripts": "str",
    "mode": "str",
    "index": "int, slice, None, ..., array of int or bool, or a tuple of them",
    "indices": "array of int",
    "targets": "array of int, or array or Value",
    "ids": "array of int",
    "axis1": "int",
    "axis2": "int",
    "source": "int or sequence of int",
    "destination": "int or sequence of int",
    "indices_or_sections": "int or sequence of int",
    "pad_width": "int, pair of int, or a pair for each axis",
    "constant_values": "float",
}

WORDS = {
    "axis": "The axes that are reduced; all if left out.",
    "keepdims": "Whether the reduced axes stay, with length 1.",
    "reduction": "Average over the rows, sum them, or keep a loss for each.",
}

NO_NUMBERS = {"TypeError": "If an operand holds no numbers."}
NO_BROADCAST = {"ValueError": "If the shapes do not broadcast to one."}
NO_AXIS = {"ValueError": "If there is no such axis."}
NO_ENTRY = {"ValueError": "If there is no such axis, or no entry."}
OUTSIDE = {"IndexError": "If an index is outside its axis."}
REDUCED = "Of the shape of x without the reduced axes."


def describe(
    op: Any,
    text: str,
    *,
    returns: str = "",
    raises: Mapping[str, str] | None = None,
    **parameters: str,
) -> None:
    """Give an op, or a function composed of ops, its description.

    Parameters
    ----------
    op : Primitive or function
        What is described. The first line of its docstring stays the first line.
    text : str
        What it does, in a sentence or two; then, behind an empty line, an example.
    returns : str
        The shape of what it returns; for elementwise ops that is known.
    raises : mapping from exception to str, optional
        When it raises; for elementwise ops that is known.
    **parameters : str
        What each parameter is; `WORDS` knows some.
    """
    prose, example = textwrap.dedent(text).strip().split("\n\n")
    rule = op.rule if isinstance(op, Primitive) else None
    arrays, settings = names_of(function_of(op))
    if rule is not None and rule.elementwise:
        together = len(arrays) > 1
        for name in arrays:
            parameters.setdefault(name, "Of shapes that broadcast." if together else "Any shape.")
        returns = returns or f"Of the {'broadcast shape' if together else 'shape of x'}."
        raises = raises or (NO_BROADCAST if together else NO_NUMBERS)
    plain = rule is not None and not rule.differentiable
    sections = {
        "Parameters": [
            entry(f"{name} : {type_of(op, name)}", words(name.lstrip("*"), parameters))
            for name in arrays + settings
        ],
        "Returns": [entry("array" if plain else "array or Value", returns)],
        "Raises": [entry(kind, when) for kind, when in (raises or {}).items()],
        "Examples": [">>> import numpy as np, tinygrad_rnn as tg", example],
    }
    first = op.__doc__.partition("\n")[0]
    parts = [first, prose]
    parts += [
        "\n".join([title, "-" * len(title), *entries])
        for title, entries in sections.items()
        if entries
    ]
    op.__doc__ = "\n\n".join(parts) + "\n"


def function_of(op: Any) -> FunctionType:
    """Return the function whose parameters are those of a call as people write it."""
    if not isinstance(op, Primitive):
        return op
    own: Any = op.rule.bind if isinstance(op.rule.bind, FunctionType) else op.rule.forward
    return own


def names_of(function: FunctionType) -> tuple[list[str], list[str]]:
    """List the parameters that are passed by position (with their star), and by keyword only.

    `inspect.signature` tells the same, at thirty times the cost: that counts at import.
    """
    code = inspect.unwrap(function).__code__
    positional, keywords = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    star = [f"*{names[positional + keywords]}"] if code.co_flags & inspect.CO_VARARGS else []
    return [*names[:positional], *star], list(names[positional : positional + keywords])


def type_of(op: Any, name: str) -> str:
    """Return what a parameter may be."""
    if name == "axis" and op.__name__ in ONE_AXIS:
        return "int, optional"
    return TYPES.get(name, "array or Value")


def words(name: str, given: Mapping[str, str]) -> str:
    """Return the description of a parameter."""
    return given[name] if name in given else WORDS[name]


def entry(head: str, body: str) -> str:
    """Return an entry of a section: its head, and its body indented."""
    return f"{head}\n    {body}"
