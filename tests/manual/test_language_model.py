"""The whole model by hand: gradients, names, repeated tokens, carried state, errors."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import KINDS, RELATIVE, Build, disagreement, members
from tinygrad_rnn.manual import cross_entropy, language_model

V, E, H = 5, 3, 2
INPUTS = np.array([[0, 3], [3, 1], [3, 4]])  # (T, B); 3 occurs often, 2 never
TARGETS = np.array([[3, 1], [3, 4], [2, 0]])


def weights_of(build: Build, head_bias: bool = True, dtype: Any = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    recurrent = build.random_weights(rng, inputs=E, hidden=H)
    weights = {"embedding.weight": rng.normal(size=(V, E))}
    weights |= {f"rnn.{name}": w for name, w in recurrent.items()}
    weights["head.weight"] = rng.normal(size=(V, build.directions * H))
    if head_bias:
        weights["head.bias"] = rng.normal(size=V)
    return {name: w.astype(dtype) for name, w in weights.items()}


def options_of(build: Build) -> dict[str, Any]:
    return {"cell": build.cell, "nonlinearity": build.nonlinearity}


@pytest.mark.parametrize("build", [Build(*k) for k in KINDS], ids=str)
@pytest.mark.parametrize("head_bias", [True, False])
def test_gradients(build: Build, head_bias: bool) -> None:
    weights, options = weights_of(build, head_bias), options_of(build)
    loss, gradients = language_model.loss_and_gradients(weights, INPUTS, TARGETS, **options)
    assert list(gradients) == list(weights)
    assert not gradients["embedding.weight"][2].any()  # a token that did not occur
    assert loss.dtype == np.float64

    def total() -> float:
        return float(language_model.forward(weights, INPUTS, TARGETS, **options)[0])

    for name, array in weights.items():
        assert disagreement(gradients[name], total, array, build.nonlinearity) < RELATIVE, name


@pytest.mark.parametrize(
    "build", [Build(*k, layers=2, bidirectional=True, bias=False) for k in KINDS], ids=str
)
def test_gradients_with_lengths_state_and_ignored_targets(build: Build) -> None:
    weights = weights_of(build)
    state = build.random_state(np.random.default_rng(12), batch=2, hidden=H)
    targets = np.where(np.arange(3)[:, None] < np.array([3, 2]), TARGETS, -1)
    options = options_of(build) | {"lengths": [3, 2], "ignore_index": -1}
    d_state_n = build.random_state(np.random.default_rng(13), batch=2, hidden=H)

    def total() -> float:
        loss, state_n, _ = language_model.forward(weights, INPUTS, targets, state, **options)
        last = zip(members(state_n), members(d_state_n), strict=True)
        return float(0.5 * loss + sum((s * d).sum() for s, d in last))

    _, _, cache = language_model.forward(weights, INPUTS, targets, state, **options)
    gradients, d_state_0 = language_model.backward(cache, 0.5, d_state_n)
    pairs = [(name, weights[name], gradients[name]) for name in weights]
    pairs += [("state", *pair) for pair in zip(members(state), members(d_state_0), strict=True)]
    for name, array, gradient in pairs:
        assert disagreement(gradient, total, array, build.nonlinearity) < RELATIVE, name


@pytest.mark.parametrize("build", [Build(*k, layers=2) for k in KINDS], ids=str)
def test_it_is_its_parts(build: Build) -> None:
    weights = weights_of(build)
    loss, state_n, cache = language_model.forward(weights, INPUTS, TARGETS, **options_of(build))
    recurrent = {n.removeprefix("rnn."): w for n, w in weights.items() if n.startswith("rnn.")}
    onehot = np.eye(V)[INPUTS]
    output, last, _ = build.module.forward(
        recurrent, onehot @ weights["embedding.weight"], **build.options
    )
    logits = np.einsum("vh,tbh->tbv", weights["head.weight"], output) + weights["head.bias"]
    np.testing.assert_allclose(cache.logits, logits, rtol=0, atol=1e-14)
    assert loss == pytest.approx(cross_entropy.forward(logits, TARGETS)[0], rel=1e-14)
    for ours, theirs in zip(members(state_n), members(last), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)


def test_batch_first_and_no_batch() -> None:
    weights = weights_of(Build("gru"))
    loss, gradients = language_model.loss_and_gradients(weights, INPUTS, TARGETS, cell="gru")
    swapped, gradients_s = language_model.loss_and_gradients(
        weights, INPUTS.T, TARGETS.T, cell="gru", batch_first=True
    )
    assert swapped == pytest.approx(loss, rel=1e-14)
    halves = [
        language_model.loss_and_gradients(weights, INPUTS[:, b], TARGETS[:, b], cell="gru")
        for b in (0, 1)
    ]
    assert (halves[0][0] + halves[1][0]) / 2 == pytest.approx(loss, rel=1e-14)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradients_s[name], gradient, rtol=0, atol=1e-14)
        mean = (halves[0][1][name] + halves[1][1][name]) / 2
        np.testing.assert_allclose(mean, gradient, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_dtype_is_kept_and_nothing_is_changed(cell: str, dtype: Any) -> None:
    weights = weights_of(Build(cell), dtype=dtype)
    before = {name: w.copy() for name, w in weights.items()}
    loss, gradients = language_model.loss_and_gradients(weights, INPUTS, TARGETS, cell=cell)
    assert {g.dtype for g in gradients.values()} | {loss.dtype} == {np.dtype(dtype)}
    for name, w in weights.items():
        np.testing.assert_array_equal(w, before[name])


def test_gradient_descent_learns_a_line_by_heart() -> None:
    text = "hello world"
    characters = sorted(set(text))
    ids = np.array([characters.index(c) for c in text])
    rng = np.random.default_rng(14)
    weights = {
        "embedding.weight": np.eye(len(characters)),
        **{f"rnn.{k}": w for k, w in Build("rnn").random_weights(rng, len(characters), 16).items()},
        "head.weight": rng.normal(0, 0.3, (len(characters), 16)),
        "head.bias": np.zeros(len(characters)),
    }
    loss = np.inf
    for _ in range(300):
        loss, gradients = language_model.loss_and_gradients(weights, ids[:-1], ids[1:], cell="rnn")
        for name, gradient in gradients.items():
            weights[name] -= 0.3 * gradient
    assert loss < 0.1 < log(len(characters))


WEIGHTS = weights_of(Build("lstm"))


def changed(**entries: Any) -> dict[str, Any]:
    """Return WEIGHTS with entries (dots written as __) replaced, or taken out by None."""
    new = WEIGHTS | {name.replace("__", "."): w for name, w in entries.items()}
    return {name: w for name, w in new.items() if w is not None}


@pytest.mark.parametrize(
    ("weights", "inputs", "options", "error", "said"),
    [
        (WEIGHTS, INPUTS, {"cell": "elman"}, ValueError, "unknown cell 'elman'"),
        (WEIGHTS, INPUTS, {"cell": "gru"}, ValueError, r"gru: weight_ih_l0 has shape \(8, 3\)"),
        (WEIGHTS, INPUTS, {"nonlinearity": "relu"}, ValueError, "curves of a gated cell are fixed"),
        (changed(bias=np.ones(3)), INPUTS, {}, ValueError, "no entry is called 'bias'"),
        (changed(head__weight=None), INPUTS, {}, ValueError, "head.weight is missing"),
        (changed(head__weight=np.ones(5)), INPUTS, {}, ValueError, r"head.weight has shape \(5,\)"),
        (
            changed(head__weight=np.ones((5, 3))),
            INPUTS,
            {},
            ValueError,
            r"head.weight has shape \(5, 3\), expected \(5, 2\)",
        ),
        (
            changed(head__bias=np.ones(4)),
            INPUTS,
            {},
            ValueError,
            r"head.bias has shape \(4,\), expected \(5,\)",
        ),
        (
            changed(head__bias=np.ones(5, np.float32)),
            INPUTS,
            {},
            TypeError,
            "head.bias has dtype float32",
        ),
        (changed(embedding__weight=None), INPUTS, {}, ValueError, "embedding.weight is missing"),
        (
            changed(embedding__weight=np.ones((5, 4))),
            INPUTS,
            {},
            ValueError,
            r"embedding.weight has 4 columns, but rnn.weight_ih_l0 has 3",
        ),
        (WEIGHTS, INPUTS - 1, {}, ValueError, "inputs run from -1 to 3.*rows 0 to 4"),
        (WEIGHTS, INPUTS + 1, {}, ValueError, "inputs run from 1 to 5.*rows 0 to 4"),
        (WEIGHTS, INPUTS * 1.0, {}, TypeError, "inputs have dtype float64"),
        (WEIGHTS, INPUTS[:2], {}, ValueError, r"targets of shape \(3, 2\) do not fit"),
    ],
)
def test_errors(weights: Any, inputs: Any, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        language_model.loss_and_gradients(weights, inputs, TARGETS, **({"cell": "lstm"} | options))
