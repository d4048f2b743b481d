"""The fastest NumPy that we know how to write by hand for the same step.

Everything that does not wait for the state is done for all time steps at once: input rows, head,
derivatives of the gates, weight gradients. What waits works in place, in buffers that are kept.
"""

from __future__ import annotations

import numpy as np

from .problem import Arrays, Problem, Step

HALF, ONE = np.float32(0.5), np.float32(1)


def best(p: Problem, weights: Arrays | None = None) -> Step:
    """Differentiate the case's cell at `weights` (the case's own), in buffers made once."""
    return (_rnn if p.cell == "rnn" else _lstm)(p, p.weights() if weights is None else weights)


class _Outside:
    """What surrounds the recurrence, for all N = T·B rows at once."""

    def __init__(self, p: Problem, gates: int) -> None:
        self.p, self.N = p, p.T * p.B
        self.rows = np.arange(self.N)
        self.ids, self.targets = p.ids.ravel(), p.targets.ravel()
        self.logits = np.empty((self.N, p.V), np.float32)
        self.one_hot = np.zeros((p.V, self.N), np.float32)
        self.h = np.zeros((p.T + 1, p.B, p.H), np.float32)  # h[t + 1] after step t
        self.a = np.empty((p.T, p.B, gates), np.float32)
        self.da = np.empty_like(self.a)

    def inputs(self, Wx: np.ndarray, b: np.ndarray) -> None:
        """Fill `a` with x Wx + b: rows of the weight, for x is one-hot."""
        np.take(Wx + b, self.ids, axis=0, out=self.a.reshape(self.N, -1))

    def head(self, Wy: np.ndarray, by: np.ndarray):
        """Return loss, dWy, dby and the head's part of dh, (T, B, H)."""
        h, y = self.h[1:].reshape(self.N, -1), self.logits
        np.matmul(h, Wy, out=y)
        y += by
        y -= y.max(axis=1, keepdims=True)
        chosen = y[self.rows, self.targets].sum()
        np.exp(y, out=y)
        total = y.sum(axis=1, keepdims=True)
        loss = (np.log(total).sum() - chosen) / self.N
        y /= total
        y[self.rows, self.targets] -= ONE
        y *= np.float32(1 / self.N)
        return loss, h.T @ y, y.sum(axis=0), (y @ Wy.T).reshape(self.p.T, self.p.B, self.p.H)

    def weight_gradients(self):
        """Return dWx, dWh, db from `da` of all steps, one product each."""
        da = self.da.reshape(self.N, -1)
        self.one_hot.fill(0)
        self.one_hot[self.ids, self.rows] = ONE
        return self.one_hot @ da, self.h[:-1].reshape(self.N, -1).T @ da, da.sum(axis=0)


def _rnn(p: Problem, weights: Arrays) -> Step:
    Wx, Wh, b, Wy, by = weights
    out = _Outside(p, p.H)
    h, a, da = out.h, out.a, out.da
    product = np.empty((p.B, p.H), np.float32)

    def step():
        WhT = np.ascontiguousarray(Wh.T)
        out.inputs(Wx, b)
        for t in range(p.T):
            np.matmul(h[t], Wh, out=product)
            a[t] += product
            np.tanh(a[t], out=h[t + 1])
        loss, dWy, dby, dh = out.head(Wy, by)

        slope = h[1:] * h[1:]
        np.subtract(ONE, slope, out=slope)
        for t in reversed(range(p.T)):
            if t < p.T - 1:
                np.matmul(da[t + 1], WhT, out=product)
                dh[t] += product
            np.multiply(slope[t], dh[t], out=da[t])
        return loss, (*out.weight_gradients(), dWy, dby)

    return step


def _lstm(p: Problem, weights: Arrays) -> Step:
    H = p.H
    # i f o g: the three sigmoids side by side, so that one call squashes them all.
    order = np.r_[0 : 2 * H, 3 * H : 4 * H, 2 * H : 3 * H]
    back = np.argsort(order)
    Wx0, Wh0, b0, Wy, by = weights
    out = _Outside(p, 4 * H)
    h, a, da = out.h, out.a, out.da
    c = np.zeros_like(h)
    squashed = np.empty((p.T, p.B, H), np.float32)
    product = np.empty((p.B, 4 * H), np.float32)
    term, dc, carry = (np.empty((p.B, H), np.float32) for _ in range(3))
    sigmoids = a[..., : 3 * H]
    i, f, o, g = (a[..., k * H : (k + 1) * H] for k in range(4))
    di, df, do, dg = (da[..., k * H : (k + 1) * H] for k in range(4))

    def step():
        Wx, Wh, b = Wx0[:, order], np.ascontiguousarray(Wh0[:, order]), b0[order]
        WhT = np.ascontiguousarray(Wh.T)
        out.inputs(Wx, b)
        for t in range(p.T):
            np.matmul(h[t], Wh, out=product)
            a[t] += product
            s = sigmoids[t]  # σ(x) = ½ tanh(½x) + ½
            s *= HALF
            np.tanh(s, out=s)
            s *= HALF
            s += HALF
            np.tanh(g[t], out=g[t])
            np.multiply(f[t], c[t], out=c[t + 1])
            np.multiply(i[t], g[t], out=term)
            c[t + 1] += term
            np.tanh(c[t + 1], out=squashed[t])
            np.multiply(o[t], squashed[t], out=h[t + 1])
        loss, dWy, dby, dh = out.head(Wy, by)

        # By what dc (for i, f, g) and dh (for o, c) are multiplied, for all steps at once.
        slope = sigmoids * (ONE - sigmoids)
        by_i, by_f = g * slope[..., :H], c[:-1] * slope[..., H : 2 * H]
        by_o, by_g = squashed * slope[..., 2 * H :], i * (ONE - g * g)
        by_c = o * (ONE - squashed * squashed)
        dc.fill(0)
        for t in reversed(range(p.T)):
            if t < p.T - 1:
                np.matmul(da[t + 1], WhT, out=carry)
                dh[t] += carry
                np.multiply(dc, f[t + 1], out=dc)
            np.multiply(dh[t], by_c[t], out=term)
            np.add(dc, term, out=dc)
            np.multiply(dc, by_i[t], out=di[t])
            np.multiply(dc, by_f[t], out=df[t])
            np.multiply(dh[t], by_o[t], out=do[t])
            np.multiply(dc, by_g[t], out=dg[t])
        dWx, dWh, db = out.weight_gradients()
        return loss, (dWx[:, back], dWh[:, back], db[back], dWy, dby)

    return step
