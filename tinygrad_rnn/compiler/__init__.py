"""The compiler: a function is traced once, its program rearranged, and replayed many times.

Read the rooms in this order: `program` (what is made and run), `tracing` (from a function to a
program), `passes` (from a program to a better one), `calls` (from a step to a call of NumPy),
`places` (from a value to its place in memory), `running`. Then `trace`, which ties all of them
together for arguments of one form, and `compiled`, the front door. `two_cores` can come last,
though `places` and `running` stand above it. No import climbs from one room to a higher one.
"""

from .compiled import Compiled, compile
from .passes import PASSES
from .program.program import Program
from .program.refusals import CaptureError

__all__ = ["PASSES", "CaptureError", "Compiled", "Program", "compile"]
