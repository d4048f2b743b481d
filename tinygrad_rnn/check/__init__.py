"""Is this derivative true, and if not, what is wrong? Imports ops and the engine.

`gradcheck` holds the gradient of a function against central differences, `compare` one set of
gradients against another, by name; `diagnose` says what is wrong with one that was written by hand.
"""

from .compare import Comparison, compare
from .diagnose import diagnose
from .doctor.report import Diagnosis
from .gradients import gradcheck
from .mismatch import GradientMismatch, Mismatch
from .numeric import numeric_gradient, numeric_jvp
from .op_check import check_op
from .op_report import OpCheckError, OpReport
from .witnesses import WitnessTable, compare_witnesses

__all__ = [
    "Comparison",
    "Diagnosis",
    "GradientMismatch",
    "Mismatch",
    "WitnessTable",
    "compare",
    "compare_witnesses",
    "diagnose",
    "gradcheck",
    "OpCheckError",
    "OpReport",
    "check_op",
    "numeric_gradient",
    "numeric_jvp",
]
