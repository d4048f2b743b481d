"""What the reference says of the ops: their docstrings as they are at run time.

mkdocstrings reads files, and in the files an op is its equation; the package describes it beside
them, in ``ops/descriptions``. Arguments are those of a call as people write it.
"""

from __future__ import annotations

import inspect
from typing import Any

import griffe

from tinygrad_rnn import ops


class OpDocstrings(griffe.Extension):
    """Give each op the text and the parameters that `help` shows."""

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Look at a function that was read; only public ops are concerned."""
        op = getattr(ops, func.name, None)
        if not func.path.startswith("tinygrad_rnn.ops.") or func.name not in ops.__all__:
            return
        func.docstring = griffe.Docstring(inspect.getdoc(op) or "", parent=func)
        func.parameters = griffe.Parameters(*map(parameter, parameters(op)))


def parameters(op: Any) -> list[inspect.Parameter]:
    """List what an op takes."""
    return list(inspect.signature(op).parameters.values())


def parameter(p: inspect.Parameter) -> griffe.Parameter:
    """Return a parameter as griffe knows it."""
    default = None if p.default is p.empty else repr(p.default)
    return griffe.Parameter(p.name, kind=griffe.ParameterKind[p.kind.name.lower()], default=default)
