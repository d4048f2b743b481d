"""What the mutation proof needs beside the case table.

`MORE_CASES` are inputs that tell one line of a derivative from a wrong one where the case table
does not; `MANY_USES` are applied several times in one graph.
"""

from __future__ import annotations

import numpy as np
import scipy.special

import tinygrad_rnn as tg
from tests.ops.cases import Case, normal, positive, rng
from tinygrad_rnn.ops.indexing import HOLE

LOGITS = normal(2, 3, 5)
ROWS, CUBE = normal(3, 4), normal(2, 3, 4)
ZERO_TO_THREE = np.array([0.0, 1.0, 3.0])


def placed_twice(rows: np.ndarray, at: np.ndarray, block: np.ndarray) -> np.ndarray:
    y = np.zeros((4, 3))
    for row, i in zip(rows, at, strict=True):
        y[i] += row
    y[1:3] += block
    return y


# fmt: off
MORE_CASES: list[Case] = [
    Case("softmax", (normal(3, 4),), lambda x: scipy.special.softmax(x, axis=-1), {"axis": -1}),
    Case("take", (normal(2, 3), np.array([2, 0])), lambda x, i: x[:, i], {"axis": -1}),
    Case("take", (np.array(1.5), np.array([0, 0])), lambda x, i: np.full(2, x), {"axis": 0}),
    Case("place", (normal(3, 3), np.array([0, 1, 1]), normal(2, 3)), placed_twice,
         {"indices": ((HOLE,), (slice(1, 3),)), "shape": (4, 3)}),
    Case("power", (positive(3),), lambda b: np.array([0.0, 1.0, 3.0]) ** b,
         call=lambda b: tg.power(ZERO_TO_THREE.astype(b.dtype), b), note="of-constants"),
    Case("power", (0.5, normal(3)), lambda a, b: 1 / 2.0**b),
    Case("power", (0.0, positive(3)), lambda a, b: 0 * b),
    Case("einsum", (normal(3, 3, 2),), lambda x: np.einsum("iik->k", x),
         call=lambda x: tg.einsum("AAB->B", x), note="AAB->B"),
    Case("concatenate", (normal(2, 3), normal(4)), lambda a, b: np.hstack([a.ravel(), b]),
         call=lambda a, b: tg.concatenate([a, b], axis=None), note="axis=None"),
    Case("linear", (normal(3, 4), normal(2, 4), normal(5, 3, 2)), lambda x, w, b: x @ w.T + b),
    Case("linear", (normal(2, 3, 4), normal(2, 4), normal(5, 1, 1, 2)),
         lambda x, w, b: x @ w.T + b),
    Case("recurrent_linear",
         (normal(3, 4), normal(3, 2), normal(5, 4), normal(5, 2), normal(2, 3, 5), normal(3, 5)),
         lambda x, h, w, v, b, c: x @ w.T + h @ v.T + b + c),
    *(
        Case("getitem", (x,), call, call=call, note=note)
        for note, x, call in [
            ("cover-in-reverse", ROWS, lambda x: np.hstack([2 * x[:, 2:], x[:, :2] ** 2])),
            ("cover-three", ROWS, lambda x: x[:, :1] * x[:, 1:2] + 3 * x[:, 2:]),
            ("cover-vector", ROWS[0], lambda x: x[:2] * x[2:]),
            ("cover-dots", ROWS, lambda x: x[..., :2] * x[..., 2:]),
            ("cover-3d", CUBE, lambda x: x[:, :, :2] * x[:, :, 2:]),
            ("cover-with-nothing", ROWS, lambda x: np.hstack([x[:, :2], x[:, 2:2], x[:, 2:] * 2])),
            ("the-first", ROWS, lambda x: x[:, :2]),
            ("the-last", ROWS, lambda x: x[:, 1:]),
            ("overlap", ROWS, lambda x: x[:, :3] * x[:, 1:]),
            ("gap", ROWS, lambda x: x[:, :1] * x[:, 3:]),
            ("all-twice", ROWS, lambda x: x[:, :] * x[:, :]),
            ("steps", ROWS, lambda x: x[:, ::2] * x[:, 1::2]),
            ("backwards", ROWS, lambda x: x[:, ::-1] * x[:, :]),
            ("another-axis", CUBE, lambda x: x[:, :1] * x[:, 1:2]),
            ("a-number-before", CUBE, lambda x: x[0, :, :2] * x[0, :, 2:]),
            ("dots-alone", ROWS, lambda x: x[...] * 2),
            ("nothing", ROWS, lambda x: x[()] * 2),
            ("slices-and-rows", ROWS, lambda x: x[:, :2] * x[1, 2:]),
        ]
    ),
    Case("take", (normal(2, 3), np.array([[2, 0], [1, 1]])), lambda x, i: x[:, i], {"axis": -1}),
    Case("take", (normal(2, 3), np.array([2, 0])), lambda x, i: x[:, i],
         call=lambda x, i: tg.take(x, i.tolist(), axis=1), note="a-list"),
    Case("take", (normal(2, 3), np.array([True, False])), lambda x, i: x[:, i * 1],
         call=lambda x, i: tg.take(x, i, axis=1), note="truths"),
    Case("take", (normal(2, 3), np.array([2, 0])), lambda x, i: x[:, i],
         call=lambda x, i: tg.take(x, tg.Value(i, requires_grad=False), axis=1), note="a-Value"),
    Case("softmax_cross_entropy", (LOGITS, scipy.special.softmax(normal(2, 3, 5), axis=-1)),
         lambda x, t: -(t * scipy.special.log_softmax(x, axis=-1)).sum(-1),
         {"reduction": "none"}),
    Case("softmax_cross_entropy", (LOGITS, rng.integers(1, 5, (2, 3)) % 5),
         lambda x, t: -np.take_along_axis(scipy.special.log_softmax(x, axis=-1), t[..., None], -1)
         [..., 0] * (t != 2), {"reduction": "none", "ignore_index": 2}),
    Case("softmax_cross_entropy", (LOGITS[0], np.array([1, -100, 3])),
         lambda x, t: -scipy.special.log_softmax(x, axis=-1)[[0, 2], [1, 3]].mean(),
         {"ignore_index": -100}),
]

# Used three and four times in one graph. Products of more than 128 rows in all are joined early:
# 3 · 43 rows, which are kept only for a weight of at least 172 by 172.
THIN, LARGE = (43, 172), (172, 172)
MANY_USES: dict[str, list[Case]] = {
    "matmul": [Case("matmul", (normal(*THIN), normal(*LARGE)), np.dot),
               Case("matmul", (normal(9, 8), normal(8, 1)), np.dot)],
    "linear": [Case("linear", (normal(*THIN), normal(*LARGE), normal(172)),
                    lambda x, w, b: np.inner(x, w) + b)],
    "recurrent_linear": [
        Case("recurrent_linear", tuple(normal(*s) for s in (THIN, THIN, LARGE, LARGE)),
             lambda x, h, w, v: np.inner(x, w) + np.inner(h, v))],
    "getitem": [
        Case("getitem", (ROWS,), lambda x: x[1:], call=lambda x: x[1:]),
        Case("getitem", (ROWS, np.array([0, 2, 2, -1])), lambda x, i: x[i], call=lambda x, i: x[i]),
        Case("getitem", (ROWS, np.array([[0, 2], [2, -1]])), lambda x, i: x[i],
             call=lambda x, i: x[i]),
        Case("getitem", (ROWS, np.array([], int)), lambda x, i: x[i], call=lambda x, i: x[i]),
        Case("getitem", (normal(300), np.array([0, 7, 7], np.uint8)), lambda x, i: x[i],
             call=lambda x, i: x[i]),
        Case("getitem", (ROWS, np.array([0, 2, 2]), np.array([1, 3, 3])), lambda x, i, j: x[i, j],
             call=lambda x, i, j: x[i, j]),
        Case("getitem", (ROWS, ROWS > 0), lambda x, m: x[m], call=lambda x, m: x[m]),
        Case("getitem", (ROWS,), lambda x: x[:, ::2] * x[:, 2:] + x[:, :2],
             call=lambda x: x[:, ::2] * x[:, 2:] + x[:, :2])],
    "take": [Case("take", (normal(3, 4), np.array([2, 0, 2])), lambda x, i: x[:, i], {"axis": 1})],
}
# fmt: on
