"""What is wrong with a gradient that was written by hand. Imports the engine and `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.errors import DtypeError, ShapeError, describe, explain
from ..engine.messages import no_graph
from ..engine.recording import differentiating
from ..engine.value import Value
from .arguments import data_of
from .doctor.candidates import Candidates
from .doctor.experiments import experiments
from .doctor.finishing import apart
from .doctor.problem import Problem
from .doctor.report import Diagnosis, Entries, Finding, worst_entries
from .doctor.search import Search

TOLERANCES = {"float64": 1e-8, "float32": 1e-4, "float16": 2e-2}


def diagnose(
    theirs: Mapping[str, Any],
    loss: Value,
    params: Any,
    *,
    tolerance: float | None = None,
) -> Diagnosis:
    """Say what is wrong with a gradient that was written by hand.

    The gradient is recomputed under each mistake of a catalogue, and under pairs of them; what
    reproduces the given numbers is what is wrong.

    Parameters
    ----------
    theirs : dict from name to array
        The gradients in question.
    loss : Value
        A single number, computed from `params` by layers or by a loop of your own, from the same
        numbers and first state as the loss that `theirs` belongs to. Weights may lie either way:
        ``x @ W``, ``W @ x`` and ``x @ W.T`` are all understood. Steps are best named by
        ``time_step(t)``. Where they are not, they are found: a weight whose uses follow upon one
        another is used once in each step.
    params : Module or dict from name to Value
        The weights, under the names of `theirs`.
    tolerance : float, optional
        Largest difference that counts as equal, relative to the largest entry of a gradient; by
        default 1e-8, and 1e-4 if anything is float32. For figures copied from print, give their
        rounding.

    Returns
    -------
    Diagnosis
        Prints as a table and a diagnosis. `.verdict` is ``right``, ``explained``, ``unknown`` or
        ``unusable``; `.names` has the mistakes' names of each explanation.

    Raises
    ------
    TypeError
        If `theirs` is no dict, or `loss` or a weight no Value.
    ValueError
        If `loss` is not a single number.
    RuntimeError
        If `loss` has no graph.

    Notes
    -----
    A gradient that is missing, not finite or of a wrong shape is reported, not raised. No ``.grad``
    is written. On a problem that is too small, different mistakes give equal numbers: then all are
    named. Choose several steps and sequences, T ≠ B, a first state that is not zero, and compare
    before clipping.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> W, U = tg.Value(rng.normal(size=(3, 2))), tg.Value(rng.normal(size=(3, 3)))
    >>> xs, h0, loss = rng.normal(size=(4, 2)), rng.normal(size=3), 0.0
    >>> hs = [h0]
    >>> for x in xs:
    ...     hs.append(np.tanh(W @ x + U @ hs[-1]))
    ...     loss = loss + np.sum(hs[-1] ** 2)
    >>> dW, dU = np.zeros((3, 2)), np.zeros((3, 3))
    >>> for t in reversed(range(4)):  # by hand, and nothing is carried from step to step
    ...     h = hs[t + 1].data
    ...     da = 2 * h * (1 - h**2)
    ...     dW += np.outer(da, xs[t])
    ...     dU += np.outer(da, hs[t].data if t else h0)
    >>> print(diagnose({"W": dW, "U": dU}, loss, {"W": W, "U": U}))
    parameter  shape   max rel  diagnosis
    W          (3, 2)  9.9e-01  no carry from t+1
    U          (3, 3)  6.3e-01  no carry from t+1
    <BLANKLINE>
    W, U: equals the gradient with the recurrent carry cut: you never pass dh_next to step t−1.
      right: docs/derivation.md (S5): dh = d_output[t] + dh_next, where dh_next comes from step t+1
    This reproduces the given numbers to within 1e-12.
    """
    weights = named_weights(params)
    checked_loss(loss)
    if not isinstance(theirs, Mapping):
        raise DtypeError(
            explain(
                f"theirs is {describe(theirs)}",
                where="diagnose(theirs, loss, params)",
                why="gradients are compared by name",
                fix="pass a dict from the names of params to arrays",
            )
        )
    with np.errstate(all="ignore"):  # some mistakes make gradients explode
        candidates = Candidates(Problem(loss, weights))
    return examined(theirs, candidates, tolerance)


def examined(
    theirs: Mapping[str, Any], candidates: Candidates, tolerance: float | None = None
) -> Diagnosis:
    """Diagnose gradients of a problem whose candidates may have been computed before."""
    weights, right = candidates.problem.weights, candidates.right
    given, unusable = usable(theirs, candidates)
    if tolerance is None:
        kinds = {str(x.dtype) for x in [*given.values(), *(w.data for w in weights.values())]}
        tolerance = max((TOLERANCES.get(kind, 1e-8) for kind in kinds), default=1e-8)
    given = {name: g.astype(np.float64) for name, g in given.items()}
    explanations, tests = [], []
    if given:
        before = {name: weights[name].grad for name in given}
        with np.errstate(all="ignore"), differentiating():
            explanations = Search(candidates, before).explain(given, tolerance)
            tests = experiments(explanations, candidates) if len(explanations) > 1 else []
    findings = {}
    best = explanations[0] if explanations else None
    for name in [*weights, *(n for n in unusable if n not in weights)]:
        shape = right[name].shape if name in right else None
        if name in unusable:
            findings[name] = Finding(name, shape, np.nan, "UNUSABLE")
            continue
        g, ours = given[name], right[name]
        off = apart(g, ours)
        worst: Entries = ()
        mistakes = [m.name for m, names in best.concerned.items() if name in names] if best else []
        verdict = "; ".join(mistakes) or "ok"
        if best is None or name in best.unknown:
            verdict = "unknown"
            worst = worst_entries(g, ours, tolerance) if g.shape == ours.shape else ()
        findings[name] = Finding(name, shape, off, verdict, worst)
    return Diagnosis(
        findings,
        tuple(e for e in explanations if e.concerned),
        tuple(tests),
        tolerance,
        unusable,
    )


def usable(
    theirs: Mapping[str, Any], candidates: Candidates
) -> tuple[dict[str, Any], dict[str, str]]:
    """Sort the given gradients into those that can be compared, and what is wrong with the rest."""
    weights, right = candidates.problem.weights, candidates.right
    given: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in weights:
        if name not in theirs:
            faults[name] = (
                f"is missing: the names given are {', '.join(map(str, theirs)) or 'none'}"
            )
            continue
        raw = data_of(theirs[name])
        try:
            array = np.asarray(raw)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind not in "fiu":
            faults[name] = f"is {describe(raw)}, not an array of numbers"
        elif array.shape != right[name].shape and not misshaped(array, name, candidates):
            faults[name] = f"has shape {array.shape}, its weight {right[name].shape}"
        elif not np.all(np.isfinite(array)):
            bad = np.argwhere(~np.isfinite(array))[0].tolist()
            faults[name] = f"is not finite: {array[tuple(bad)]} at {bad}"
        else:
            given[name] = array
    for name in theirs:
        if name not in weights:
            faults[str(name)] = f"is no weight: the weights are {', '.join(weights)}"
    return given, faults


def misshaped(array: Any, name: str, candidates: Candidates) -> bool:
    """Say whether a gradient of another shape than its weight can be explained."""
    shape = candidates.right[name].shape
    unsummed = candidates.unsummed(name)
    return bool(
        (len(shape) == 2 and array.shape == shape[::-1])
        or (unsummed is not None and array.shape == unsummed.shape)
    )


def named_weights(params: Any) -> dict[str, Value]:
    """Return the weights by name: of a module its parameters, of a dict its Values."""
    if hasattr(params, "named_parameters"):
        params = dict(params.named_parameters())
    if not isinstance(params, Mapping) or not params:
        raise DtypeError(
            explain(
                f"params is {describe(params)}" if params else "params is empty",
                where="diagnose(theirs, loss, params)",
                why="gradients are compared by name",
                fix="pass a Module, or a dict from names to Values such as {'W': W}",
            )
        )
    for name, weight in params.items():
        if not isinstance(weight, Value):
            raise DtypeError(
                explain(
                    f"params[{name!r}] is {describe(weight)}",
                    where="diagnose(theirs, loss, params)",
                    why="only a Value of the graph has a gradient",
                    fix="pass the Value that the loss was computed from, not its .data",
                )
            )
    return dict(params)


def checked_loss(loss: Any) -> None:
    """Refuse a loss that is not a recorded single number."""
    if not isinstance(loss, Value):
        raise DtypeError(
            explain(
                f"the loss is {describe(loss)}",
                where="diagnose(theirs, loss, params)",
                why="gradients are found in the graph that a loss was computed by",
                fix="pass the Value itself, not its .data or float(loss)",
            )
        )
    if loss.rule is None:
        raise no_graph(loss)
    if loss.data.size != 1:
        raise ShapeError(
            explain(
                f"a loss of shape {loss.shape}",
                where="diagnose(theirs, loss, params)",
                why="a gradient belongs to a single number",
                fix="reduce it first, with .sum() or .mean()",
            )
        )
