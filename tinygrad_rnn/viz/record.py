"""Record: what a picture knows of a node and of an arrow. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Kind = Literal["parameter", "input", "constant", "op"]


class Edge(NamedTuple):
    """An arrow from an input to the op that uses it.

    Attributes
    ----------
    source, target : int
        The ids of the input and of the op.
    position : int
        Which input of the op it is; 0 is the first.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> a = tg.Value(3.0)
    >>> list(tg.viz.snapshot(a * a).edges())
    [Edge(source=0, target=1, position=0), Edge(source=0, target=1, position=1)]
    """

    source: int
    target: int
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class NodeRecord:
    """One node of a snapshot.

    Attributes
    ----------
    id : int
        Its place in `Snapshot.nodes`. A node's inputs have smaller ids.
    kind : {"parameter", "input", "constant", "op"}
        A Value made by hand that collects a gradient; an array, or a Value that needs no gradient;
        a plain number in a formula; a Value that an op made.
    name : str or None
        The Value's name.
    rule, formula : str or None
        Of an op: ``"add"`` and ``"y = a + b"``.
    params : mapping
        The op's static settings.
    inputs : tuple of int
        Ids of what the op was applied to, in order; an input that is used twice is there twice.
    arguments : tuple of str
        What the op calls its inputs, as in `formula`; numbers where it takes any number of them.
    shape : tuple of int
    dtype : str
        NumPy's name; for a plain Python number ``"float"``, ``"int"`` or ``"bool"``.
    value : numpy.ndarray, numpy.generic or a Python number
        Arrays are read-only views of the graph's own memory, not copies.
    gradient : numpy.ndarray, numpy.generic or None
        None where no sweep has left one: before `backward`, or after one that keeps none.
    requires_grad : bool
        Whether a sweep goes through it.
    scope : str
        Where it was made: ``"lstm/l0/t=3"``.
    place : str
        Where it belongs in a picture: for an op its scope; for a leaf without a scope, such as a
        parameter, what the scopes of its users begin with.
    time : int or None
        The innermost time step of `place`; None for what belongs to no single step.
    module : str
        `place` without its time steps: ``"lstm/l0"``.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> node = tg.viz.snapshot(tg.Value(3.0, name="a") + 1.0).nodes[-1]
    >>> node.kind, node.rule, node.formula, node.inputs, node.shape, float(node.value)
    ('op', 'add', 'y = a + b', (0, 1), (), 4.0)
    """

    id: int
    kind: Kind
    name: str | None
    rule: str | None
    formula: str | None
    params: Mapping[str, Any]
    inputs: tuple[int, ...]
    arguments: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    value: Any
    gradient: Any
    requires_grad: bool
    scope: str
    place: str
    time: int | None
    module: str
