"""An account of the ledger: the contributions to one weight's gradient, and how they are printed.

Imports NumPy and the tables of `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..check.tables import number, shape_text, table

Part = Any  # an array of the weight's shape
Parts = dict[int | None, Part]
Pairs = dict[tuple[int | None, int | None], Part]
Lags = tuple[Parts, dict[tuple[int, int], float]]  # by lag; and the lengths by pair

LONGEST = 24  # rows of a printed table; longer ones are shortened in the middle
WIDEST = 100  # characters of a printed line


class Account:
    """One weight's gradient as a list of contributions.

    Attributes
    ----------
    name : str
        Of the weight.
    total : array
        The whole gradient: what ``backward`` adds to the weight's ``.grad``.
    by_step : dict from t to array
        What each use of the weight contributes, by the time step of the use. Uses outside of all
        time steps are together under None.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5, name="w"), 1.0
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w * h
    >>> account = tg.bptt.ledger(h, {"w": w})["w"]
    >>> float(account.total), {t: float(part) for t, part in account.by_step.items()}
    (0.75, {0: 0.25, 1: 0.25, 2: 0.25})
    """

    def __init__(
        self,
        name: str,
        total: Part,
        by_step: Parts,
        lags: Callable[[], Lags],
        pairs: Callable[[], Pairs],
    ) -> None:
        self.name = name
        self.total = total
        self.by_step = by_step
        self._lags = lags
        self._pairs = pairs

    @property
    def by_lag(self) -> Parts:
        """The same gradient by lag: how many steps the use lies before the loss that it acts on.

        A dict from t′ − t to array, for a loss at step t′ and a use at step t; what meets no time
        step is under None. Negative lags come from a direction that reads from the end. It is
        computed when first asked for, at the cost of one sweep for each step that has a loss.
        """
        return self._lags()[0]

    @property
    def norms(self) -> dict[tuple[int, int], float]:
        """The length ‖part‖ of every entry of `by_pair`, by (t′, t), at the cost of `by_lag`."""
        return self._lags()[1]

    @property
    def by_pair(self) -> Pairs:
        """The full table: from (t′, t), the steps of loss and of use, to array.

        It has an array for each of about T²/2 pairs; ask a small weight, or `norms`. Computed when
        asked for, at the cost of one sweep for each step that has a loss.
        """
        return self._pairs()

    def share(self, part: Part) -> float:
        """Return which share of the gradient a part is: ⟨part, total⟩ / ⟨total, total⟩.

        The shares of all parts add up to 1; a part that points against the total has a negative
        one. NaN if the gradient is zero.
        """
        length = float(np.sum(self.total * self.total))
        return float(np.sum(part * self.total)) / length if length else np.nan

    def __repr__(self) -> str:
        return f"<Account {self.name} {np.shape(self.total)}: {len(self.by_step)} parts by step>"

    def __str__(self) -> str:
        title = f"{self.name} {shape_text(np.shape(self.total))}: ‖gradient‖ = {size(self.total)}"
        return "\n".join(
            [title, *self._table("step t", self.by_step), "", *self._table("lag", self.by_lag)]
        )

    def _table(self, head: str, parts: Parts) -> list[str]:
        rows = [(label(t), size(part), percent(self.share(part))) for t, part in parts.items()]
        last = ("sum", size(self.total), percent(self.share(self.total)))
        return table((head, "‖part‖", "share"), [*shortened(rows), last])


def ledger_table(accounts: Mapping[str, Account]) -> list[str]:
    """Lay out the lengths of all contributions: a row for each time step, a column for each weight.

    Weights that do not fit beside one another stand in further tables below.
    """
    steps = sorted_times(t for account in accounts.values() for t in account.by_step)
    first = [label(t) for t in steps]
    columns = {
        name: [size(account.by_step[t]) if t in account.by_step else "-" for t in steps]
        for name, account in accounts.items()
    }
    lines: list[str] = []
    for names in side_by_side(list(accounts)):
        cells = zip(first, *(columns[name] for name in names), strict=True)
        rows = shortened([row for row in cells if any(cell != "-" for cell in row[1:])])
        last = ("sum", *(size(accounts[name].total) for name in names))
        lines += ([""] if lines else []) + table(("step t", *names), [*rows, last])
    return lines


def side_by_side(names: Sequence[str]) -> list[list[str]]:
    """Cut a list of columns into lists that fit on a line."""
    blocks: list[list[str]] = [[]]
    used = len("step t")
    for name in names:
        width = 2 + max(len(name), len("0.0e+00"))
        if blocks[-1] and used + width > WIDEST:
            blocks.append([])
            used = len("step t")
        blocks[-1].append(name)
        used += width
    return blocks


def shortened(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave the middle out of a long list of rows."""
    if len(rows) <= LONGEST:
        return list(rows)
    half = LONGEST // 2
    return [*rows[:half], ("…",) * len(rows[0]), *rows[-half:]]


def sorted_times(times: Iterable[int | None]) -> list[int | None]:
    """Sort times or lags; what is outside of time, None, comes last."""
    return sorted(set(times), key=lambda t: (t is None, t or 0))


def label(t: int | None) -> str:
    """Write a time or lag."""
    return "outside" if t is None else str(t)


def size(part: Part) -> str:
    """Write the length ‖part‖ of an array."""
    return number(float(np.linalg.norm(part)))


def percent(share: float) -> str:
    """Write a share; a hyphen where there is none."""
    return "-" if share != share else f"{share:.1%}"
