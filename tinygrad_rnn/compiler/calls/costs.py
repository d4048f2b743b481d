"""About how long each call takes, from the shapes alone. Imports the ops' rules, `program`.

The estimates decide what a second core is given. They are those of one machine, and the same on
every other: where a step runs must not depend on how quick a machine was a moment ago.
"""

from __future__ import annotations

from ...engine.rule import RULES
from ..program.steps import Step

CALL = 0.7e-6  # seconds: any function of NumPy
ENTRY = 0.2e-9  # a number that is read or written
MULTIPLY_ADD = 0.015e-9  # of a product of float32 matrices
SLOW = frozenset(RULES[name] for name in ("tanh", "exp", "log", "take", "place"))


def seconds(s: Step) -> float:
    """Return about how long a step takes."""
    if s.rule is None:
        return 0.0
    entries = max(x.size for x in (s, *s.inputs))
    if s.rule is RULES["matmul"]:
        width = s.dtype.itemsize / 4
        inner = s.inputs[0].shape[-1]
        return CALL + width * max(s.size * inner * MULTIPLY_ADD, entries * ENTRY)
    return CALL + entries * ENTRY * (2 if s.rule in SLOW else 1)
