"""An autograd engine small enough to read in an afternoon, on which recurrent nets are composed.

The front door: `Value`, the ops, derivatives of functions, and the rooms by name. Importing it
needs NumPy only.
"""

from . import bptt, check, compiler, data, extend, manual, nn, ops, optim, viz
from .compiler import CaptureError, compile
from .engine.derivatives import grad, jvp, value_and_grad, vjp
from .engine.errors import (
    ChangedDataError,
    DtypeError,
    GraphError,
    LayoutError,
    LogitsWarning,
    NonFiniteError,
    NoRuleError,
    OutOfRangeError,
    PrecisionWarning,
    ReplacedParameterWarning,
    ShapeError,
    StaleGradientWarning,
    StaleGraphWarning,
)
from .engine.jacobians import hessian, hvp, jacobian
from .engine.recording import debugging, name_scope, no_grad, time_of, time_step
from .engine.rule import RULES, Rule
from .engine.value import Value
from .engine.watching import debug
from .ops import *
from .ops import __all__ as _ops
from .viz import draw

__version__ = "0.1.0"

__all__ = [
    "RULES",
    "CaptureError",
    "ChangedDataError",
    "DtypeError",
    "GraphError",
    "LayoutError",
    "LogitsWarning",
    "NoRuleError",
    "NonFiniteError",
    "OutOfRangeError",
    "PrecisionWarning",
    "ReplacedParameterWarning",
    "Rule",
    "ShapeError",
    "StaleGradientWarning",
    "StaleGraphWarning",
    "Value",
    "bptt",
    "check",
    "compile",
    "compiler",
    "data",
    "debug",
    "debugging",
    "draw",
    "extend",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "manual",
    "name_scope",
    "nn",
    "no_grad",
    "ops",
    "optim",
    "time_of",
    "time_step",
    "value_and_grad",
    "viz",
    "vjp",
    *_ops,
]
