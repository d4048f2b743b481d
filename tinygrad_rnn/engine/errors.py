"""Exceptions, and how they are worded: what happened, where, why, what to write instead.

Every exception that the package raises on purpose subclasses a builtin, so that
``except ValueError`` keeps working for people who have never heard of this module. Imports
nothing of ours.
"""

from __future__ import annotations

from typing import Any


class GraphError(RuntimeError):
    """The graph cannot do what was asked: nothing recorded, no derivative, a broken VJP.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> try:
    ...     tg.Value(2.0).backward()
    ... except RuntimeError as error:
    ...     print(str(error).splitlines()[0])
    backward from Value(2.), which has no graph
    """


class ShapeError(ValueError):
    """Shapes, or values, that do not fit together.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> try:
    ...     tg.Value([1.0, 2.0]) + tg.Value([1.0, 2.0, 3.0])
    ... except ValueError as error:
    ...     print(str(error).splitlines()[0])
    add cannot take (2,) float64 and (3,) float64
    """


class LayoutError(ShapeError):
    """Weights in the layout of another program, whose gates stand in another order.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> lstm = tg.nn.LSTM(3, 2)
    >>> try:
    ...     lstm.load_state_dict({"kernel": np.zeros((3, 8)), "recurrent_kernel": np.zeros((2, 8))})
    ... except ValueError as error:
    ...     print(str(error).splitlines()[0])
    LSTM.load_state_dict: weights in the layout of Keras: 'recurrent_kernel' (2, 8)
    """


class DtypeError(TypeError):
    """A type or dtype that an op or a gradient cannot work with.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> try:
    ...     tg.Value(np.array([1, 2]))
    ... except TypeError as error:
    ...     print(str(error).splitlines()[0])
    an array of int64, shape (2,), asked for a gradient
    """


class OutOfRangeError(IndexError):
    """An index outside the axis that it points into.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> try:
    ...     tg.softmax_cross_entropy(np.zeros((1, 3)), [3])
    ... except IndexError as error:
    ...     print(str(error).splitlines()[0])
    softmax_cross_entropy: target 3 at (0,)
    """


class NoRuleError(TypeError):
    """A NumPy function that has no rule here, so that its gradient would be lost.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> try:
    ...     np.arctan(tg.Value(1.0))
    ... except TypeError as error:
    ...     print(str(error).splitlines()[0])
    np.arctan has no rule for Values
    """


class NonFiniteError(FloatingPointError):
    """Under `debug`: NaN or infinity appeared, in a result or in a gradient.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> try:
    ...     with tg.debug():
    ...         np.log(tg.Value(-1.0))
    ... except FloatingPointError as error:
    ...     print(str(error).splitlines()[0])
    NaN appears: log gives it
    """


class ChangedDataError(GraphError):
    """Under `debug`: data that a derivative needs was changed in place after its op had run.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> w = tg.Value([1.0, 2.0], name="w")
    >>> try:
    ...     with tg.debug():
    ...         loss = (w * w).sum()
    ...         w.data += 1.0
    ...         loss.backward()
    ... except RuntimeError as error:
    ...     print(str(error).splitlines()[0])
    'w' (2,) float64 was changed in place between forward and backward
    """


class StaleGradientWarning(UserWarning):
    """An optimiser's step uses a gradient again, because nobody cleared it after the last step.

    Examples
    --------
    >>> import warnings, tinygrad_rnn as tg
    >>> w = tg.Value(1.0, name="w")
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     for _ in range(3):  # and no optimizer.zero_grad()
    ...         (w * w).backward()
    ...         optimizer.step()
    >>> [warning.category.__name__ for warning in given]
    ['StaleGradientWarning']
    """


class StaleGraphWarning(UserWarning):
    """Backward goes through ops that ran before the last step: a state was not cut off.

    Examples
    --------
    >>> import warnings, tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5), tg.Value(1.0)
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     for _ in range(3):  # and no h = h.detach()
    ...         h = w * h
    ...         optimizer.zero_grad()
    ...         h.backward()
    ...         optimizer.step()
    >>> [warning.category.__name__ for warning in given]
    ['StaleGraphWarning']
    """


class ReplacedParameterWarning(UserWarning):
    """An optimiser holds a parameter that its module has replaced by another.

    Examples
    --------
    >>> import warnings, numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(3, 2)
    >>> optimizer = tg.optim.SGD(layer.parameters())
    >>> layer.weight = tg.Value(np.zeros((2, 3)))  # layer.weight.data[...] = 0 would keep it
    >>> layer(np.ones(3)).sum().backward()
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     optimizer.step()
    >>> [warning.category.__name__ for warning in given]
    ['ReplacedParameterWarning']
    """


class LogitsWarning(UserWarning):
    """A loss that takes logits was given probabilities.

    Examples
    --------
    >>> import warnings, tinygrad_rnn as tg
    >>> logits = tg.Value([[2.0, 0.0]])
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     loss = tg.softmax_cross_entropy(tg.softmax(logits), [0])
    >>> [warning.category.__name__ for warning in given]
    ['LogitsWarning']
    """


class PrecisionWarning(UserWarning):
    """Under `debug`: float32 became float64 without anybody asking for it.

    Examples
    --------
    >>> import warnings, numpy as np, tinygrad_rnn as tg
    >>> h = tg.Value(np.ones(3, np.float32))
    >>> with warnings.catch_warnings(record=True) as given, tg.debug():
    ...     warnings.simplefilter("always")
    ...     y = h * np.float64(2.0)
    >>> [warning.category.__name__ for warning in given]
    ['PrecisionWarning']
    """


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
