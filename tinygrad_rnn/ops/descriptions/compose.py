"""How an op is described: numpydoc made of its formula, its signature and a few words.

In the code an op is its equation. What `help` and the reference say beside it (shapes, errors, an
example) stands in the files beside this one, and what many ops share is said here, once. Imports
the engine only.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
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
    names = list(inspect.signature(op).parameters.values())
    arrays = [p for p in names if p.kind is not p.KEYWORD_ONLY]
    if rule is not None and rule.elementwise:
        together = len(arrays) > 1
        for p in arrays:
            parameters.setdefault(p.name, "Of shapes that broadcast." if together else "Any shape.")
        returns = returns or f"Of the {'broadcast shape' if together else 'shape of x'}."
        raises = raises or (NO_BROADCAST if together else NO_NUMBERS)
    plain = rule is not None and not rule.differentiable
    sections = {
        "Parameters": [
            entry(f"{stars(p)}{p.name} : {type_of(op, p)}", words(p, parameters)) for p in names
        ],
        "Returns": [entry("array" if plain else "array or Value", returns)],
        "Raises": [entry(kind, when) for kind, when in (raises or {}).items()],
        "Examples": [">>> import numpy as np, tinygrad_rnn as tg", example],
    }
    first = (inspect.getdoc(op) or "").partition("\n")[0]
    parts = [first, prose]
    parts += [
        "\n".join([title, "-" * len(title), *entries])
        for title, entries in sections.items()
        if entries
    ]
    op.__doc__ = "\n\n".join(parts) + "\n"


def type_of(op: Any, p: inspect.Parameter) -> str:
    """Return what a parameter may be."""
    if p.name == "axis" and op.__name__ in ONE_AXIS:
        return "int, optional"
    return TYPES.get(p.name, "array or Value")


def stars(p: inspect.Parameter) -> str:
    """Return what stands before the name of a parameter that takes any number of arguments."""
    return "*" if p.kind is p.VAR_POSITIONAL else ""


def words(p: inspect.Parameter, given: Mapping[str, str]) -> str:
    """Return the description of a parameter."""
    return given[p.name] if p.name in given else WORDS[p.name]


def entry(head: str, body: str) -> str:
    """Return an entry of a section: its head, and its body indented."""
    return f"{head}\n    {body}"
