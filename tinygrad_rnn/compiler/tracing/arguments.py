"""The form of a call's arguments: what a trace depends on in them. Imports the engine, `shapes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.value import Value
from ..program.shapes import SPECIAL


def form_of_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Any], list[Any]]:
    """Return the form of a call's arguments, the arrays among them, and the statics; see below."""
    arrays: list[Any] = []
    statics: list[Any] = []
    form = form_of_tree(args, arrays, statics)
    if kwargs:
        form = (form, form_of_tree(kwargs, arrays, statics))
    return form, arrays, statics


def form_of_tree(tree: Any, arrays: list[Any], statics: list[Any]) -> Any:
    """Return what a trace depends on in the arguments, as a key.

    Parameters
    ----------
    tree : nested tuples, lists and dicts
        The arguments.
    arrays : list
        Gets the arrays, NumPy scalars and Values among them, in order; only their shapes count.
    statics : list
        Gets everything else but numbers and texts; of these the identity counts.
    """
    kind = type(tree)
    if isinstance(tree, (tuple, list)):
        form: list[Any] = [kind]
        for x in tree:
            if type(x) is np.ndarray:  # the usual case, without a call
                arrays.append(x)
                form.append((x.shape, x.dtype))
            else:
                form.append(form_of_tree(x, arrays, statics))
        return tuple(form)
    if isinstance(tree, Value):
        arrays.append(tree)
        return (Value, tree.shape, tree.dtype, tree.requires_grad)
    if isinstance(tree, (np.ndarray, np.generic)):
        arrays.append(tree)
        if isinstance(tree, SPECIAL):  # whose operations are not those of others
            return (kind, tree.shape, tree.dtype)
        return (tree.shape, tree.dtype)
    if isinstance(tree, dict):
        return (dict, *[(key, form_of_tree(x, arrays, statics)) for key, x in tree.items()])
    if isinstance(tree, float):
        return (kind, tree.hex())  # −0 is not 0, and NaN is NaN
    if tree is None or isinstance(tree, (bool, int, str, bytes, complex, range)):
        return (kind, tree)
    if kind is slice:
        return (kind, tree.start, tree.stop, tree.step)
    statics.append(tree)
    return (kind, id(tree))
