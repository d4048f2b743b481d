"""Is this derivative true? Imports the engine only.

`gradcheck` holds the gradient of a function against central differences, `compare` one set of
gradients against another, by name.
"""

from .compare import Comparison, compare
from .gradients import gradcheck
from .mismatch import GradientMismatch, Mismatch
from .numeric import numeric_gradient, numeric_jvp
from .op_check import check_op
from .op_report import OpCheckError, OpReport
from .witnesses import WitnessTable, compare_witnesses

__all__ = [
    "Comparison",
    "GradientMismatch",
    "Mismatch",
    "WitnessTable",
    "compare",
    "compare_witnesses",
    "gradcheck",
    "OpCheckError",
    "OpReport",
    "check_op",
    "numeric_gradient",
    "numeric_jvp",
]
