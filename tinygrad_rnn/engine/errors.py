"""Exceptions, and how they are worded: what happened, where, why, what to write instead.

Every exception that the package raises on purpose subclasses a builtin, so that
``except ValueError`` keeps working for people who have never heard of this module. Imports
nothing of ours.
"""

from __future__ import annotations

from typing import Any


class GraphError(RuntimeError):
    """The graph cannot do what was asked: nothing recorded, no derivative, a broken VJP."""


class ShapeError(ValueError):
    """Shapes, or values, that do not fit together."""


class LayoutError(ShapeError):
    """Weights in the layout of another program, whose gates stand in another order."""


class DtypeError(TypeError):
    """A type or dtype that an op or a gradient cannot work with."""


class OutOfRangeError(IndexError):
    """An index outside the axis that it points into."""


class NoRuleError(TypeError):
    """A NumPy function that has no rule here, so that its gradient would be lost."""


class NonFiniteError(FloatingPointError):
    """Under `debug`: NaN or infinity appeared, in a result or in a gradient."""


class ChangedDataError(GraphError):
    """Under `debug`: data that a derivative needs was changed in place after its op had run."""


class StaleGradientWarning(UserWarning):
    """An optimiser's step uses a gradient again, because nobody cleared it after the last step."""


class StaleGraphWarning(UserWarning):
    """Backward goes through ops that ran before the last step: a state was not cut off."""


class ReplacedParameterWarning(UserWarning):
    """An optimiser holds a parameter that its module has replaced by another."""


class LogitsWarning(UserWarning):
    """A loss that takes logits was given probabilities."""


class PrecisionWarning(UserWarning):
    """Under `debug`: float32 became float64 without anybody asking for it."""


OURS = (GraphError, ShapeError, DtypeError, OutOfRangeError, NoRuleError)


def explain(what: str, *, where: str = "", why: str = "", fix: str = "") -> str:
    """Word an error in four parts, leaving out the parts that are empty.

    Parameters
    ----------
    what : str
        What happened, with the op and the shapes: the line that is read first.
    where : str
        The op, scope or argument that it came from.
    why : str
        The rule that was broken.
    fix : str
        What to write instead.

    Returns
    -------
    str
        One line for ``what``, one indented line for each other part.

    Examples
    --------
    >>> print(explain("3 is odd", why="pairs come in twos", fix="add one"))
    3 is odd
      why: pairs come in twos
      fix: add one
    """
    parts = (("where", where), ("why", why), ("fix", fix))
    return "\n".join([what, *(f"  {label}: {text}" for label, text in parts if text)])


def describe(x: Any) -> str:
    """Say what an input is in a few characters: its name, shape and dtype, or its type."""
    if isinstance(x, (int, float, bool)):
        return repr(x)
    if getattr(x, "dtype", None) is None:
        return f"a {type(x).__name__}"
    name = getattr(x, "name", None)
    return f"{f'{name!r} ' if name else ''}{x.shape} {x.dtype}"
