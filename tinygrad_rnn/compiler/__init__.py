"""The compiler: a function is traced once, its program rearranged, and replayed many times."""

from .compiled import Compiled, compile
from .passes import PASSES
from .program.program import Program
from .program.refusals import CaptureError

__all__ = ["PASSES", "CaptureError", "Compiled", "Program", "compile"]
