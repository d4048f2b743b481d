"""The front door for op-writers: everything that a new op needs. Re-exports only."""

from .check.op_check import check_op
from .engine.doors import numpy_door
from .engine.primitive import Primitive, primitive
from .engine.rule import DOORS, RULES, Rule

__all__ = ["DOORS", "RULES", "Primitive", "Rule", "check_op", "numpy_door", "primitive"]
