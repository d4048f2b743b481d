"""`diagnose` on loops of the user's own, in column vectors as notebooks write them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import diagnose

T, H, V = 5, 4, 6
IDS = [2, 0, 3, 3, 5, 1]


def problem(seed: int = 0) -> tuple[dict[str, Any], Any]:
    rng = np.random.default_rng(seed)
    shapes = {"Wxh": (H, V), "Whh": (H, H), "bh": (H, 1), "Why": (V, H), "by": (V, 1)}
    return {name: rng.normal(size=s) for name, s in shapes.items()}, rng.normal(size=(H, 1))


def forward(W: Any, h: Any, named_steps: bool = False) -> Any:
    loss, xs, hs, ps = 0.0, {}, {-1: h}, {}
    for t in range(T):
        with tg.time_step(t) if named_steps else nullcontext():
            xs[t] = np.zeros((V, 1))
            xs[t][IDS[t]] = 1
            hs[t] = np.tanh(W["Wxh"] @ xs[t] + W["Whh"] @ hs[t - 1] + W["bh"])
            z = W["Why"] @ hs[t] + W["by"]
            ps[t] = np.exp(z) / np.sum(np.exp(z))
            loss = loss - np.log(ps[t][IDS[t + 1], 0])
    return loss, xs, hs, ps


def by_hand(W: Any, h: Any, carry: bool = True, late: int = 1) -> dict[str, Any]:
    _, xs, hs, ps = forward(W, h)
    d = {name: np.zeros_like(w) for name, w in W.items()}
    dh_next = np.zeros_like(h)
    for t in reversed(range(T)):
        dy = ps[t].copy()
        dy[IDS[t + 1]] -= 1
        d["Why"] += dy @ hs[t].T
        d["by"] += dy
        dh_raw = (1 - hs[t] * hs[t]) * (W["Why"].T @ dy + dh_next)
        d["bh"] += dh_raw
        d["Wxh"] += dh_raw @ xs[t].T
        d["Whh"] += dh_raw @ hs[t - late].T
        if carry:
            dh_next = W["Whh"].T @ dh_raw
    return d


def diagnosed(theirs: dict[str, Any], named_steps: bool) -> tg.check.Diagnosis:
    W, h = problem()
    values = {name: tg.Value(w) for name, w in W.items()}
    found = diagnose(theirs, forward(values, h, named_steps)[0], values)
    assert all(v.grad is None for v in values.values())
    return found


@pytest.mark.parametrize("named_steps", [False, True])
class TestColumnVectors:
    def test_right(self, named_steps: bool) -> None:
        found = diagnosed(by_hand(*problem()), named_steps)
        assert found.verdict == "right"
        assert "all 5 gradients are right" in str(found)

    def test_no_carry_and_a_state_too_late(self, named_steps: bool) -> None:
        found = diagnosed(by_hand(*problem(), carry=False, late=0), named_steps)
        assert found.names == (frozenset(["no carry from t+1", "h_t where h_{t−1} belongs"]),)
        verdicts = {name: f.verdict for name, f in found.findings.items()}
        assert verdicts == {
            "Wxh": "no carry from t+1",
            "Whh": "no carry from t+1; h_t where h_{t−1} belongs",
            "bh": "no carry from t+1",
            "Why": "ok",
            "by": "ok",
        }
        assert "you never pass dh_next to step t−1" in str(found)
        assert "docs/derivation.md (S5)" in str(found) and "(R7)" in str(found)

    def test_accumulated(self, named_steps: bool) -> None:
        d = by_hand(*problem())
        d["Wxh"] *= 13
        d["bh"] *= 2
        found = diagnosed(d, named_steps)
        assert found.names == (frozenset(["accumulated 13 times", "accumulated 2 times"]),)
        assert found.findings["Wxh"].verdict == "accumulated 13 times"
        assert found.findings["bh"].verdict == "accumulated 2 times"

    def test_a_bias_left_out_of_clipping(self, named_steps: bool) -> None:
        d = by_hand(*problem())
        for name in ("Wxh", "Whh", "Why", "by"):
            np.clip(d[name], -0.5, 0.5, out=d[name])
        found = diagnosed(d, named_steps)
        assert found.names == (frozenset(["clipped at ±0.5", "left out of the clipping"]),)
        assert found.findings["bh"].verdict == "left out of the clipping"

    def test_all_clipped(self, named_steps: bool) -> None:
        d = {name: np.clip(g, -0.5, 0.5) for name, g in by_hand(*problem()).items()}
        assert diagnosed(d, named_steps).names == (frozenset(["clipped at ±0.5"]),)

    def test_an_unknown_fault(self, named_steps: bool) -> None:
        d = by_hand(*problem())
        d["Whh"][1, 2] += 0.25
        found = diagnosed(d, named_steps)
        assert (found.verdict, found.unknown, found.explanations) == ("unknown", ("Whh",), ())
        (index, given, right), *rest = found.findings["Whh"].worst
        assert index == (1, 2) and given - right == pytest.approx(0.25) and not rest

    def test_every_gradient_unknown(self, named_steps: bool) -> None:
        rng = np.random.default_rng(1)
        d = {name: rng.normal(size=g.shape) for name, g in by_hand(*problem()).items()}
        found = diagnosed(d, named_steps)
        assert (found.verdict, found.unknown, found.explanations) == ("unknown", tuple(d), ())


def test_what_cannot_be_compared_is_said() -> None:
    d = by_hand(*problem())
    d["Why"], d["Wyh"] = d["Why"][1:], d.pop("by")
    d["bh"][2] = np.nan
    d["Wxh"] = "a matrix"
    found = diagnosed(d, False)
    assert found.verdict == "unusable"
    assert found.unusable == {
        "Wxh": "is a str, not an array of numbers",
        "bh": "is not finite: nan at [2, 0]",
        "Why": "has shape (5, 4), its weight (6, 4)",
        "by": "is missing: the names given are Wxh, Whh, bh, Why, Wyh",
        "Wyh": "is no weight: the weights are Wxh, Whh, bh, Why, by",
    }
    assert found.findings["Whh"].ok


class TestOneUnit:
    """The derivation's net for a pocket calculator: numbers instead of matrices."""

    XS = (1.0, -1.0, 0.5, 0.25)

    def loss(self, w: Any, u: Any, h: Any = 0.3) -> Any:
        total = 0.0
        for x in self.XS:
            h = np.tanh(w * x + u * h)
            total = total + h
        return total

    def by_hand(self, w: float, u: float, carry: bool = True, late: int = 1) -> dict[str, Any]:
        hs = [0.3]
        for x in self.XS:
            hs.append(np.tanh(w * x + u * hs[-1]))
        dw = du = dh_next = 0.0
        for t in reversed(range(len(self.XS))):
            da = (1 + dh_next) * (1 - hs[t + 1] ** 2)
            dw += da * self.XS[t]
            du += da * hs[t + 1 - late]
            dh_next = carry * da * u
        return {"w": np.array(dw), "u": np.array(du)}

    def diagnosed(self, **wrong: Any) -> tuple[frozenset[str], ...]:
        values = {"w": tg.Value(0.5), "u": tg.Value(0.8)}
        return diagnose(self.by_hand(0.5, 0.8, **wrong), self.loss(**values), values).names

    def test_it(self) -> None:
        assert self.diagnosed() == ()
        assert self.diagnosed(carry=False) == (frozenset(["no carry from t+1"]),)
        assert self.diagnosed(late=0) == (frozenset(["h_t where h_{t−1} belongs"]),)
        both = frozenset(["no carry from t+1", "h_t where h_{t−1} belongs"])
        assert self.diagnosed(carry=False, late=0) == (both,)
