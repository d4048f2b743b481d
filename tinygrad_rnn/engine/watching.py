"""Watching: what `debug` looks at, at every op and in every sweep. Imports the sweep and below.

Nothing of it runs unless somebody asks: `apply` hands its results over only inside `debug`, where
it has left the usual way anyhow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import findings, recording
from .backward import Gradient, Sweep
from .errors import PrecisionWarning
from .finiteness import demand_finite, demand_finite_gradients
from .graph import Node, ancestors, data_of
from .places import Place, calling_line, warn_program
from .rule import Rule
from .unchanged import demand_unchanged, fingerprint


class Watcher:
    """Looks at every op's result and at every sweep; see `debug` for what it looks for.

    Parameters
    ----------
    finite, in_place, precision : bool
        What to look for.
    """

    def __init__(self, finite: bool, in_place: bool, precision: bool) -> None:
        self.finite = finite
        self.in_place = in_place
        self.precision = precision

    def look_at(self, node: Node, rule: Rule, inputs: tuple[Any, ...]) -> None:
        """Look at a node that has just been made; its scope learns the source line."""
        place = Place(node.scope)
        place.line = calling_line()
        place.unbounded = False
        place.prints = ()
        node.scope = place
        if self.in_place and node.requires_grad:
            place.prints = (*(fingerprint(data_of(x)) for x in inputs), fingerprint(node.data))
        if self.precision:
            warn_if_widened(node, rule, inputs)
        if self.finite:
            demand_finite(node, rule, inputs, place)

    def sweep(
        self, root: Node, gradient: Gradient, *, create_graph: bool, retain: bool, sources: Any
    ) -> Sweep:
        """Sweep back from a node, with a look before and after."""
        if self.in_place:
            demand_unchanged(ancestors(root))
        mode = recording.current.get().mode
        # The VJPs' own ops are looked at as a whole, below: what they are part of says more.
        lines_only = Watcher(finite=False, in_place=self.in_place, precision=False)
        with recording.recorded(recording.Mode(mode.enabled, mode.differentiating, lines_only)):
            sweep = Sweep(
                root,
                gradient,
                create_graph=create_graph,
                retain=retain or self.finite,
                sources=sources,
            )
        if self.finite:
            demand_finite_gradients(sweep, root)
            kept = set(sources or ())
            if not retain:
                for node in [n for n in sweep.gradients if n.rule is not None and n not in kept]:
                    del sweep.gradients[node]
        return sweep


@contextmanager
def debug(*, finite: bool = True, in_place: bool = True, precision: bool = True) -> Iterator[None]:
    """Watch every op and every sweep inside, and say where things go wrong.

    Nodes made inside know the source line that made them: errors name it, and so does
    `tinygrad_rnn.viz.tree`. It makes ops several times slower, and costs nothing where it is off.
    It holds for the thread, or task, that opens it.

    Parameters
    ----------
    finite : bool
        Raise where NaN or infinity first appears: in an op's result, or in the gradient that a VJP
        gives. An infinite constant, such as the -inf of a mask, is taken to be meant, and what is
        infinite because of it too. NumPy's own warnings, which know no op, are off meanwhile.
    in_place : bool
        Raise where backward meets data that was changed in place since an op ran with it, if the
        derivative depends on that data.
    precision : bool
        Warn, once for each line, where float32 becomes float64 without `astype`.

    Raises
    ------
    NonFiniteError
        A FloatingPointError: naming op, scope (``lstm/l0/t=7``), source line and operands.
    ChangedDataError
        A RuntimeError: naming the op, and the lines between which the data was changed.

    Warns
    -----
    PrecisionWarning
        A UserWarning: naming op and operands, at the line in question.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> x = tg.Value([1.0, 0.0], name="x")
    >>> with tg.debug(), tg.time_step(7):
    ...     y = np.log(x)
    Traceback (most recent call last):
        ...
    tinygrad_rnn.engine.errors.NonFiniteError: inf appears: log gives it in 1 of 2 entries, ...
      where: log(x) in scope t=7, at ...: y = np.log(x)
      why: y = log x of x = 'x' (2,) float64 from 0 to 1
      fix: ...
    """
    now = recording.current.get().mode
    watcher = Watcher(finite, in_place, precision)
    noisy = [kind for kind, how in np.geterr().items() if how == "warn"] if finite else []
    quiet: Any = dict.fromkeys(noisy, "ignore")
    watched = recording.Mode(now.enabled, now.differentiating, watcher)
    with recording.recorded(watched), np.errstate(**quiet):
        yield


def warn_if_widened(node: Node, rule: Rule, inputs: tuple[Any, ...]) -> None:
    """Warn if a float operand came out wider than it went in, and no dtype was asked for."""
    y = node.data.dtype
    dtypes = [x.dtype for x in map(data_of, inputs) if hasattr(x, "dtype")]
    narrower = any(d.kind == "f" and d.itemsize < y.itemsize for d in dtypes)
    if y.kind != "f" or not narrower or "dtype" in node.params:
        return
    warn_program(findings.widened(rule, inputs, y, node.scope), PrecisionWarning)
