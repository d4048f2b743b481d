"""The ledger of BPTT: the gradient of a shared weight as the list of its contributions.

Imports the engine, `check`, `nn.Module` and the files above.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..check.time_steps import times_of
from ..engine.errors import GraphError, explain
from ..engine.graph import Node, ancestors
from ..engine.value import Value
from ..nn import Module
from .account import Account, Lags, Pairs, Part, Parts, ledger_table, sorted_times
from .arguments import checked_loss, named_weights
from .paths import gradients_by_label


def ledger(loss: Value, params: Module | Mapping[str, Value]) -> Ledger:
    """List what each time step contributes to the gradients of shared weights.

    Parameters
    ----------
    loss : Value
        A single number, computed by a recurrent layer, or by a loop of your own whose steps run
        inside ``time_step(t)``.
    params : Module or dict from name to Value
        The weights.

    Returns
    -------
    Ledger
        A mapping from name to `Account`; prints as a table. ``led[name].by_step`` and
        ``led[name].by_lag`` are dicts from t, and from lag, to arrays that sum to the gradient.

    Raises
    ------
    ValueError
        If `loss` is not a single number.
    RuntimeError
        If `loss` has no graph.
    TypeError
        If `loss` or a weight is not a Value.

    Notes
    -----
    A gradient is a sum over the paths from the loss back to the weight. A path's *step* is that of
    the last node with a time index that it meets: there the weight was used. Its *loss step* t′ is
    that of the first: there it left the loss, or what was computed after the loop. The lag is
    t′ − t. Steps of the same index in several loops count as one.

    Nothing is written to any ``.grad``. `by_step` costs one sweep, and keeps the product of each
    use apart, so T arrays of each weight's size. `by_lag` costs one sweep more for each step that
    has a loss, at most T; it is computed when first asked for, from the graph, which the ledger
    keeps alive: ask before the weights are updated.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5, name="w"), 1.0
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w * h
    >>> led = tg.bptt.ledger(h, {"w": w})  # h = w³, whose slope is 3w²
    >>> print(led)
    ‖contribution‖ of each time step
    step t  w
    0       2.5e-01
    1       2.5e-01
    2       2.5e-01
    sum     7.5e-01
    >>> {lag: float(part) for lag, part in led["w"].by_lag.items()}
    {0: 0.25, 1: 0.25, 2: 0.25}
    """
    return Ledger(loss, params)


class Ledger(Mapping[str, Account]):
    """What `ledger` returns: an `Account` for each weight, by name.

    Attributes
    ----------
    steps : list of int
        The time steps at which any of the weights was used.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5, name="w"), 1.0
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w * h
    >>> led = tg.bptt.ledger(h, {"w": w})
    >>> led, led.steps, list(led)
    (<Ledger of 1 weights over 3 time steps>, [0, 1, 2], ['w'])
    """

    def __init__(self, loss: Value, params: Module | Mapping[str, Value]) -> None:
        self.loss = checked_loss(loss)
        self.weights = named_weights(params)
        self.nodes = ancestors(self.loss)
        self.times = times_of(self.nodes)
        self.accounts: dict[str, Account] = {}
        self._lags_found: dict[Node, Lags] | None = None
        self._pairs_found: dict[Node, Pairs] = {}
        found = self._by_last_time({self.loss: self._one()}, set(self.weights.values()))
        for name, weight in self.weights.items():
            by_step = in_order(found.get(weight, {}))
            lags, pairs = partial(self._lags, weight), partial(self._pairs, weight)
            self.accounts[name] = Account(name, total(weight, by_step), by_step, lags, pairs)
        times = {t for account in self.accounts.values() for t in account.by_step}
        self.steps = sorted(t for t in times if t is not None)

    def __getitem__(self, name: str) -> Account:
        return self.accounts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.accounts)

    def __len__(self) -> int:
        return len(self.accounts)

    def __repr__(self) -> str:
        return f"<Ledger of {len(self)} weights over {len(self.steps)} time steps>"

    def __str__(self) -> str:
        return "\n".join(["‖contribution‖ of each time step", *ledger_table(self.accounts)])

    def _one(self) -> Any:
        return np.ones_like(self.loss.data)[()]

    def _by_last_time(
        self, seeds: Mapping[Node, Any], sources: Collection[Node]
    ) -> dict[Node, Parts]:
        """Go back from `seeds`; keep apart what arrives by the last time step on its way."""
        times = self.times

        def last_time(before: int | None, node: Node) -> int | None:
            t = times[node]
            return before if t is None else t

        start: dict[Node, Parts] = {node: {None: g} for node, g in seeds.items()}
        return gradients_by_label(self.nodes, start, sources, last_time)

    def _by_first_time(
        self, sources: Collection[Node]
    ) -> Iterator[tuple[int | None, dict[Node, Parts]]]:
        """Yield each loss step t′, and its part of the gradients by the step of the use.

        What the loss sends back is split at the first nodes with a time index that it meets; what
        meets none on its way to a source is the part of t′ = None.
        """
        timed = {node for node, t in self.times.items() if t is not None}
        start: dict[Node, Parts] = {self.loss: {None: self._one()}}
        met = gradients_by_label(self.nodes, start, timed.union(sources), stops=timed)
        yield None, {node: met[node] for node in sources if node in met}
        seeds: dict[int | None, dict[Node, Any]] = {}
        for node in timed.intersection(met):
            seeds.setdefault(self.times[node], {})[node] = met[node][None]
        for t in sorted_times(seeds):
            found = self._by_last_time(seeds[t], sources)
            for parts in found.values():
                parts.pop(None, None)  # a seed itself, which has been yielded with t′ = None
            yield t, found

    def _lags(self, weight: Node) -> Lags:
        """Return the parts of a weight by lag, and their lengths by pair; compute all once."""
        if self._lags_found is None:
            found: dict[Node, Lags] = {w: ({}, {}) for w in self.weights.values()}
            for loss_step, gradients in self._by_first_time(found.keys()):
                for w, parts in gradients.items():
                    by_lag, norms = found[w]
                    for t, part in parts.items():
                        lag = None
                        if loss_step is not None and t is not None:
                            lag = loss_step - t
                            norms[loss_step, t] = float(np.linalg.norm(part))
                        by_lag[lag] = by_lag[lag] + part if lag in by_lag else part
            for name, w in self.weights.items():
                self._check_sum(name, found[w][0])
            self._lags_found = {w: (in_order(lags), norms) for w, (lags, norms) in found.items()}
        return self._lags_found[weight]

    def _pairs(self, weight: Node) -> Pairs:
        """Return the parts of a weight by loss step and step; compute them once."""
        if weight not in self._pairs_found:
            parts: Pairs = {}
            for loss_step, gradients in self._by_first_time({weight}):
                for t, part in in_order(gradients.get(weight, {})).items():
                    parts[loss_step, t] = part
            name = next(name for name, w in self.weights.items() if w is weight)
            self._check_sum(name, parts)
            self._pairs_found[weight] = parts
        return self._pairs_found[weight]

    def _check_sum(self, name: str, parts: Mapping[Any, Part]) -> None:
        """Refuse parts, computed later, that no longer sum to the gradient."""
        account, weight = self.accounts[name], self.weights[name]
        largest = np.max(sum(map(np.abs, account.by_step.values()), np.zeros(())), initial=0.0)
        apart = np.abs(total(weight, parts) - account.total)
        if np.any(apart > np.sqrt(np.finfo(weight.dtype).eps) * largest):
            raise GraphError(
                explain(
                    f"the parts of {name!r} by lag do not sum to its gradient any more",
                    where=f"ledger(loss, params)[{name!r}]",
                    why="they are computed when first asked for, and an array of the graph has been"
                    " changed in place since the ledger was made, as optimizer.step() does",
                    fix="ask for by_lag, norms or by_pair before the update, or make a new ledger",
                )
            )


def total(weight: Value, parts: Mapping[Any, Part]) -> Part:
    """Return the sum of all parts: zeros of the weight's shape if there is none."""
    return sum(parts.values(), np.zeros_like(weight.data)[()])


def in_order(parts: Parts) -> Parts:
    """Sort parts by time or lag; copy each, since VJPs may hand out one array several times."""
    return {t: np.array(parts[t])[()] for t in sorted_times(parts)}
