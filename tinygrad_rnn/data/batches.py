"""Batches: windows over ids in reading order, so that a recurrent state can be carried on.

Imports NumPy and `vocabulary`. Letters: N ids, T time (the length of a window), B lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .vocabulary import as_ids


class Window(NamedTuple):
    """What is read in one step; `targets` is `inputs` one character later.

    Attributes
    ----------
    inputs, targets : numpy.ndarray of int64
        Of shape (T, B), the caller's own.
    fresh : bool
        True where the lanes begin anew: start from a zero state, not from the one carried.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> window = next(tg.data.one_pass(range(5), batch_size=1, seq_length=3))
    >>> window.inputs.T.tolist(), window.targets.T.tolist(), window.fresh
    ([[0, 1, 2]], [[1, 2, 3]], True)
    """

    inputs: NDArray[np.int64]  # (T, B)
    targets: NDArray[np.int64]  # (T, B)
    fresh: bool


class Batches:
    """Endless windows for training: the text is cut into B lanes that are read side by side.

    With ``L = T · ⌊(N − 1) / (B·T)⌋``, lane b reads the ids from ``b·L`` to ``(b + 1)·L``, and
    each window goes on in every lane where the last one stopped. In an epoch every transition
    from one id to the next is seen exactly once, apart from an incomplete tail: the last
    ``(N − 1) mod (B·T)`` transitions of the text, which training never sees. Then a new epoch
    begins, with the same windows and `fresh` set.

    Parameters
    ----------
    ids : array_like of int
        Of shape (N,), at least ``B·T + 1`` of them. An array of int64 is not copied.
    batch_size : int
        The number of lanes, B.
    seq_length : int
        The length of a window, T.

    Attributes
    ----------
    windows_per_epoch : int
        How many windows an epoch has.
    epoch, window : int
        Where the next window is: epochs completed, and its place in this one, from 0.

    Raises
    ------
    TypeError, ValueError
        If there are too few ids for one window, or something is no whole number.

    Examples
    --------
    >>> batches = Batches([0, 1, 2, 3, 4, 5, 6, 7, 8], batch_size=2, seq_length=2)
    >>> first = next(batches)
    >>> print(first.inputs)      # lanes go down: 0 1 2 3 and 4 5 6 7
    [[0 4]
     [1 5]]
    >>> print(first.targets)
    [[1 5]
     [2 6]]
    >>> first.fresh, next(batches).fresh, next(batches).fresh
    (True, False, True)
    """

    def __init__(self, ids: ArrayLike, batch_size: int, seq_length: int) -> None:
        self.ids = as_ids(ids, "Batches")
        self.batch_size = _count("batch_size", batch_size, "Batches")
        self.seq_length = _count("seq_length", seq_length, "Batches")
        transitions = len(self.ids) - 1
        self.windows_per_epoch = transitions // (batch_size * seq_length)
        if self.windows_per_epoch < 1:
            raise ValueError(
                f"Batches: {len(self.ids)} characters are too few for a window of seq_length="
                f"{seq_length} × batch_size={batch_size}, which takes "
                f"{batch_size * seq_length + 1}\n"
                "  why: each of the lanes needs a window, and the last character a next one\n"
                "  fix: give a longer text, or a smaller batch_size or seq_length"
            )
        used = self.windows_per_epoch * self.batch_size * self.seq_length
        self._inputs = self.ids[:used].reshape(self.batch_size, -1)  # (B, L)
        self._targets = self.ids[1 : used + 1].reshape(self.batch_size, -1)  # (B, L)
        self.epoch = 0
        self.window = 0

    def __iter__(self) -> Iterator[Window]:
        return self

    def __next__(self) -> Window:
        start = self.window * self.seq_length
        window = _cut(self._inputs, self._targets, start, self.seq_length)
        self.window += 1
        if self.window == self.windows_per_epoch:
            self.epoch, self.window = self.epoch + 1, 0
        return window

    def inputs_before(self, steps: int) -> NDArray[np.int64]:
        """Return what was read right before the next window, in this epoch.

        Parameters
        ----------
        steps : int
            How many ids of each lane; fewer where the epoch has only begun.

        Returns
        -------
        numpy.ndarray of int64
            Of shape (steps or fewer, B), the caller's own.

        Examples
        --------
        >>> batches = Batches([0, 1, 2, 3, 4, 5, 6, 7, 8], batch_size=2, seq_length=2)
        >>> batches.inputs_before(3).shape, next(batches).inputs.shape
        ((0, 2), (2, 2))
        >>> batches.inputs_before(1)    # the window before ended so
        array([[1, 5]])
        """
        new = self.window * self.seq_length
        return self._inputs[:, max(0, new - steps) : new].T.copy()

    def state_dict(self) -> dict[str, int]:
        """Return the position, and the sizes that give it a meaning."""
        return {"epoch": self.epoch, "window": self.window, **self._sizes()}

    def load_state_dict(self, state_dict: Mapping[str, int]) -> None:
        """Go on from a saved position.

        Raises
        ------
        ValueError
            If it was saved with another text or other sizes; nothing has been changed.
        """
        sizes, faults = self._sizes(), []
        for name in ("epoch", "window", *sizes):
            value = state_dict.get(name)
            if not isinstance(value, int) or value < 0:
                faults.append(f"{name!r} is {value!r}, not a whole number")
            elif name in sizes and value != sizes[name]:
                faults.append(f"{name!r} was {value}, here it is {sizes[name]}")
        faults += [f"{n!r} is unknown" for n in state_dict if n not in ("epoch", "window", *sizes)]
        if not faults and state_dict["window"] >= self.windows_per_epoch:
            faults.append(f"window {state_dict['window']} of {self.windows_per_epoch}")
        if faults:
            raise ValueError(
                "Batches: this position does not fit; nothing was loaded\n"
                + "".join(f"  where: {fault}\n" for fault in faults)
                + "  why: a position is a place in one text, cut into windows in one way\n"
                "  fix: make the Batches as they were made when the position was saved"
            )
        self.epoch, self.window = state_dict["epoch"], state_dict["window"]

    def _sizes(self) -> dict[str, int]:
        """List what must be the same for a position to mean the same."""
        return {
            "length": len(self.ids),
            "batch_size": self.batch_size,
            "seq_length": self.seq_length,
        }


def one_pass(ids: ArrayLike, batch_size: int, seq_length: int) -> Iterator[Window]:
    """Go once through a text, so that every transition is seen exactly once, for evaluation.

    First ``⌊(N − 1) / B⌋`` steps in B lanes side by side, the last window being as short as it
    comes out; then the fewer than B transitions left over at the end of the text, in one lane.
    Windows differ in size: weigh the mean loss of each by ``window.targets.size``.

    Parameters
    ----------
    ids : array_like of int
        Of shape (N,), at least two.
    batch_size : int
        The number of lanes, B; each lane starts from a zero state, so fewer are more exact.
    seq_length : int
        The longest window, T.

    Yields
    ------
    Window
        With `fresh` set where the lanes begin.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two ids, or something is no whole number.

    Examples
    --------
    >>> [window.targets.T.tolist() for window in one_pass(range(8), batch_size=2, seq_length=2)]
    [[[1, 2], [4, 5]], [[3], [6]], [[7]]]
    """
    checked = as_ids(ids, "one_pass")
    batch_size = _count("batch_size", batch_size, "one_pass")
    seq_length = _count("seq_length", seq_length, "one_pass")
    transitions = len(checked) - 1
    if transitions < 1:
        raise ValueError(
            f"one_pass: {len(checked)} characters hold no transition from one to the next\n"
            "  why: the first character is only read, the second is the first to be predicted\n"
            "  fix: give at least two characters"
        )
    return _one_pass(checked, batch_size, seq_length)


def _one_pass(ids: NDArray[np.int64], batch_size: int, seq_length: int) -> Iterator[Window]:
    """Yield the windows of `one_pass`, whose arguments were checked when it was called."""
    transitions = len(ids) - 1
    in_lanes = transitions - transitions % batch_size
    for lanes, begin, end in ((batch_size, 0, in_lanes), (1, in_lanes, transitions)):
        inputs = ids[begin:end].reshape(lanes, -1)  # (B, L)
        targets = ids[begin + 1 : end + 1].reshape(lanes, -1)  # (B, L)
        for start in range(0, inputs.shape[1], seq_length):
            yield _cut(inputs, targets, start, seq_length)


def _cut(
    inputs: NDArray[np.int64], targets: NDArray[np.int64], start: int, seq_length: int
) -> Window:
    """Cut a window out of the lanes, (B, L) → (T, B), as arrays of its own."""
    span = slice(start, start + seq_length)
    return Window(inputs[:, span].T.copy(), targets[:, span].T.copy(), start == 0)


def _count(name: str, value: int, caller: str) -> int:
    """Return a whole number of at least 1, or raise."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 1:
        return int(value)
    kind = ValueError if isinstance(value, (int, float, np.number)) else TypeError
    raise kind(
        f"{caller}: {name}={value!r} cannot be used\n"
        f"  why: {name} is a whole number of at least 1\n"
        f"  fix: write for example {name}=50"
    )
