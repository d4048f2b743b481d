"""Gates that have weights of their own are computed as columns of one array. Imports `program`.

``sigmoid(x @ Wi + h @ Ui + bi)`` and ``sigmoid(x @ Wf + h @ Uf + bf)`` are the same curve of the
columns of x @ [Wi Wf] + h @ [Ui Uf] + [bi bf]: the weights are joined once, the gates of all time
steps are fewer steps.
"""

from __future__ import annotations

from typing import Any

from ...engine.rule import RULES
from ..program.program import Program
from ..program.steps import PARAMETER, Step, step

ADD, CONCATENATE, GETITEM = RULES["add"], RULES["concatenate"], RULES["getitem"]
LINEAR, MATMUL, SIGMOID, TANH = (RULES[n] for n in ("linear", "matmul", "sigmoid", "tanh"))
AGAIN = {CONCATENATE, GETITEM}  # what is written anew for each gate
DEEP = 6  # additions in a gate's sum: longer ones are something else
PER_STEP = 20_000  # entries that are copied in the time which a time step's calls take

Parts = tuple[Step, ...]


def side_by_side(program: Program) -> Program:
    """Join the weights of gates of the same operands, where there are time steps enough."""
    groups = worth_joining(gates_of(program))
    place = {s: (members, i) for members in groups for i, s in enumerate(members)}
    new: dict[Step, Step] = {}
    wide: dict[tuple[Parts, int], Step] = {}  # parameters side by side, along an axis
    sums: dict[Parts, Step] = {}

    def rewrite(s: Step, inputs: Parts) -> Step:
        if s not in place:
            new[s] = s.on(inputs)
            return new[s]
        members, i = place[s]
        if members not in sums:
            sums[members] = joined(members)
        start = sum(x.shape[-1] for x in members[:i])
        index = (*(slice(None),) * (s.ndim - 1), slice(start, start + s.shape[-1]))
        new[s] = step(GETITEM, [sums[members]], {"index": index}, s.scope)
        return new[s]

    def joined(parts: Parts) -> Step:
        """Return in one piece what has the same operands, and parameters of its own."""
        first = parts[0]
        if first.rule is None:
            return beside(parts, first.ndim - 1)
        columns = list(zip(*[s.inputs for s in parts], strict=True))
        if first.rule is ADD:
            inputs = [joined(operands) for operands in columns]
        else:
            by_rows = first.rule is LINEAR or first.inputs[0].kind == PARAMETER
            inputs = [
                new.get(x, x) if is_shared(first, x) else beside(operands, 0 if by_rows else 1)
                for x, operands in zip(first.inputs, columns, strict=True)
            ]
        return step(first.rule, inputs, first.params, first.scope)

    def beside(parts: Parts, axis: int) -> Step:
        if (parts, axis) not in wide:
            wide[parts, axis] = step(CONCATENATE, parts, {"axis": axis})
        return wide[parts, axis]

    return program.rewritten(rewrite) if groups else program


def gates_of(program: Program) -> list[Parts]:
    """List the sums that are squashed, those of the same operands together."""
    kinds: dict[Any, int] = {}  # of sums, as numbers: what operands and parameters they are of
    kind_of: dict[Step, tuple[int, int] | None] = {}  # and how deep they are
    found: dict[Any, dict[Step, Any]] = {}
    first: dict[Any, Step] = {}
    same: dict[Step, Step] = {}  # of x[t], the first that is written so

    def look(s: Step) -> tuple[int, int] | None:
        if s.rule is None:
            is_row = s.ndim == 1 or (s.ndim == 2 and s.shape[0] == 1)
            if s.kind != PARAMETER or not is_row:
                return None
            return kinds.setdefault(("bias", s.ndim, s.dtype), len(kinds)), 0
        if s.rule is ADD:
            parts = [kind_of[x] for x in s.inputs if x.shape[-1:] == s.shape[-1:] != ()]
            known = [part for part in parts if part is not None and part[1] < DEEP]
            if len(known) < 2:
                return None
            key = (ADD, *[number for number, _ in known])
            return kinds.setdefault(key, len(kinds)), 1 + max(depth for _, depth in known)
        if s.rule not in (LINEAR, MATMUL) or s.ndim not in (1, 2):
            return None
        shared = [is_shared(s, x) for x in s.inputs]
        own = [x for x, mine in zip(s.inputs, shared, strict=True) if not mine]
        if sum(shared) != 1 or any(x.kind != PARAMETER for x in own):
            return None
        if any(x.shape != s.shape[-1:] for x in own[1:]):  # a bias that is repeated
            return None
        operands = zip(s.inputs, shared, strict=True)
        key = (s.rule, *[same[x] if mine else (x.ndim, x.dtype) for x, mine in operands])
        return kinds.setdefault(key, len(kinds)), 0

    for s in program.steps:
        same[s] = s
        if s.rule in AGAIN:
            own = (s.rule, *[same[x] for x in s.inputs], s.settings)
            same[s] = first.setdefault(own, s)
        kind_of[s] = look(s)
        if s.rule in (SIGMOID, TANH):
            (x,) = s.inputs
            kind = kind_of[x]
            if kind is not None and x.rule is not None:
                found.setdefault((kind, x.shape[:-1], x.dtype), {}).setdefault(x, s.rule)
    return [
        tuple(sorted(squashed, key=lambda x, curves=squashed: curves[x] is TANH))  # type: ignore[misc]
        for squashed in found.values()
        if len(squashed) > 1
    ]


def is_shared(s: Step, x: Step) -> bool:
    """Say whether an operand of a product is what all gates multiply: x of x @ W and of W @ x."""
    if s.rule is LINEAR:
        return x is s.inputs[0] and PARAMETER == s.inputs[1].kind != x.kind
    a, b = s.inputs
    other = b if x is a else a
    return x.kind != PARAMETER == other.kind and other.ndim == 2 and (x is a or x.ndim == 1)


def worth_joining(gates: list[Parts]) -> list[Parts]:
    """Choose the gates whose weights are copied in less time than their calls take."""
    times: dict[Parts, list[Parts]] = {}
    for members in gates:
        times.setdefault(tuple(p for s in members for p in parameters_of(s)), []).append(members)
    return [
        members
        for parameters, groups in times.items()
        for members in groups
        if sum(p.size for p in parameters) < PER_STEP * len(groups)
    ]


def parameters_of(s: Step) -> list[Step]:
    """List the parameters of a gate's sum."""
    if s.rule is ADD:
        return [p for x in s.inputs for p in parameters_of(x)]
    return [x for x in (s, *s.inputs) if x.kind == PARAMETER]
