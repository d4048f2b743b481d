"""Programs as pictures: the steps of a compiled function, before or after each pass.

Imports the compiler's programs and the files above.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ..compiler.program.program import Program
from ..compiler.program.steps import CONSTANT, PARAMETER, Step
from ..engine.errors import explain
from .record import Kind, NodeRecord
from .scopes import module_of, times_in
from .snapshot import Snapshot


def chosen(program: Program, after: str | None) -> Program:
    """Return a program as it was after one of its passes; as it is if none is named.

    Raises
    ------
    ValueError
        If it has not been through a pass of that name.
    """
    if after is None:
        return program
    if after not in program.history:
        raise ValueError(
            explain(
                f"the program has been through no pass {after!r}",
                where="draw(program, after=…)",
                why=f"its passes were {', '.join(program.history) or 'none'}",
                fix="name one of these; 'trace' is the program before all of them",
            )
        )
    return program.history[after]


def snapshot_of_program(program: Program) -> Snapshot:
    """Record the steps of a program as a graph: shapes and formulas, but no numbers."""
    number = {s: i for i, s in enumerate(program.steps)}
    marks: dict[Step, list[str]] = {}
    for kind, roots in (("output", program.outputs), ("gradient", program.gradients)):
        for i, s in enumerate(roots):
            if s is not None:
                marks.setdefault(s, []).append(f"{kind} {i}")
    return Snapshot(
        tuple(record(s, number, ", ".join(marks.get(s, ())) or named(s)) for s in program.steps),
        tuple(program.steps),
    )


def named(s: Step) -> str:
    """Name a step that the program is given: by its Value's name, or by its kind and number."""
    if s.rule is not None or s.is_number:
        return ""
    if s.kind == PARAMETER and s.scope:
        return s.scope
    return s.kind if s.kind == CONSTANT else f"{s.kind} {s.origin()}"


def record(s: Step, number: dict[Step, int], name: str) -> NodeRecord:
    """Write down one step."""
    place = s.scope if s.rule is not None else ""
    times = times_in(place)
    names = () if s.rule is None else s.rule.arrays[: len(s.inputs)]
    return NodeRecord(
        id=number[s],
        kind=kind_of(s),
        name=name or None,
        rule=s.rule.name if s.rule else None,
        formula=s.rule.formula if s.rule else None,
        params=MappingProxyType(s.params),
        inputs=tuple(number[x] for x in s.inputs),
        arguments=(*names, *map(str, range(len(names), len(s.inputs)))),
        shape=s.shape,
        dtype=str(s.dtype) if s.dtype is not None else type(s.value).__name__,
        value=value_of(s),
        gradient=None,
        requires_grad=not s.is_number,  # the way back is part of the program, so that none is cut
        scope=place,
        place=place,
        time=times[-1] if times else None,
        module=module_of(place),
    )


def kind_of(s: Step) -> Kind:
    """Say what part a step plays in a picture."""
    if s.rule is not None:
        return "op"
    return "constant" if s.is_number else "parameter" if s.kind == PARAMETER else "input"


def value_of(s: Step) -> Any:
    """Return a number that stands in the program; other steps have none yet."""
    return s.value if s.is_number else None
