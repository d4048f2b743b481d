"""The methods of NumPy's arrays, by way of NumPy's functions. Imports the graph and the errors.

``v.sum(axis=0)`` is ``np.sum(v, axis=0)``, which arrives at the rule through NumPy's own door:
no op is named twice, and none is known here.
"""

from __future__ import annotations

from typing import Any

import numpy

from .graph import Node
from .leaf_history import note_step
from .messages import not_one_number, not_one_truth
from .recording import current

np: Any = numpy  # its functions take Values, through their own door; its type hints do not know

Axis = int | tuple[int, ...] | None


def seen_by_tracer(value: Any) -> Any:
    """Return what stands for a Value where a function is being traced; elsewhere itself."""
    tracer = current.get().tracer
    return value if tracer is None else tracer.seen(value)


class ArrayMethods(Node):
    """A node that can be treated as a NumPy array: its properties and its methods."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the data."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.data.size

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return np.transpose(self)

    def as_plain(self) -> Any:
        """Return the data: a plain array that knows nothing of a graph."""
        return self.data

    def item(self) -> float:
        """Return the only entry as a Python number."""
        seen = seen_by_tracer(self)
        return self.data.item() if seen is self else seen.item()

    def __len__(self) -> int:
        return len(self.data)

    def __float__(self) -> float:
        seen = seen_by_tracer(self)
        if seen is not self:
            return float(seen)
        try:
            return float(self.data)
        except TypeError as error:
            raise not_one_number(self) from error

    def __bool__(self) -> bool:
        seen = seen_by_tracer(self)
        if seen is not self:
            return bool(seen)
        if self.data.size != 1:
            raise not_one_truth(self)
        return bool(self.data)

    def note_step(self) -> Warning | None:
        """Note that an optimiser is using ``.grad``; return what is wrong with that, if anything.

        Optimisers call it in every step, so that a gradient used twice does not go unnoticed.
        """
        return note_step(self)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Sum the entries along axes, see `tinygrad_rnn.sum`."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Average the entries along axes, see `tinygrad_rnn.mean`."""
        return np.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Mean squared distance from the mean along axes, see `tinygrad_rnn.var`."""
        return np.var(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Largest entry along axes, see `tinygrad_rnn.max`."""
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Smallest entry along axes, see `tinygrad_rnn.min`."""
        return np.min(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """Multiply the entries along axes, see `tinygrad_rnn.prod`."""
        return np.prod(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Any:
        """Sum up to each place along an axis, see `tinygrad_rnn.cumsum`."""
        return np.cumsum(self, axis=axis)

    def argmax(self, axis: int | None = None) -> Any:
        """Place of the largest entry: a plain array, it has no derivative."""
        return np.argmax(self, axis=axis)

    def argmin(self, axis: int | None = None) -> Any:
        """Place of the smallest entry: a plain array, it has no derivative."""
        return np.argmin(self, axis=axis)

    def reshape(self, *shape: Any) -> Any:
        """Arrange the entries in another shape: ``v.reshape(2, 3)`` or ``v.reshape((2, 3))``."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """Reorder the axes: ``v.transpose(1, 0)`` or ``v.transpose((1, 0))``."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return np.transpose(self, order or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Exchange two axes."""
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Any:
        """Drop axes of length 1."""
        return np.squeeze(self, axis=axis)

    def ravel(self) -> Any:
        """Lay all entries out in one axis."""
        return np.ravel(self)

    def flatten(self) -> Any:
        """Lay all entries out in one axis."""
        return np.ravel(self)

    def clip(self, a_min: Any = None, a_max: Any = None) -> Any:
        """Limit the entries to an interval, see `tinygrad_rnn.clip`."""
        return np.clip(self, a_min, a_max)

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """Pick entries along an axis by number, see `tinygrad_rnn.take`."""
        return np.take(self, indices, axis=axis)

    def dot(self, other: Any) -> Any:
        """NumPy's dot product, see `tinygrad_rnn.dot`."""
        return np.dot(self, other)

    def exp(self) -> Any:
        """``e`` to the power of each entry."""
        return np.exp(self)

    def log(self) -> Any:
        """Natural logarithm of each entry."""
        return np.log(self)

    def sqrt(self) -> Any:
        """Square root of each entry."""
        return np.sqrt(self)

    def tanh(self) -> Any:
        """Hyperbolic tangent of each entry."""
        return np.tanh(self)
