"""One list of cases for every built-in rule: inputs, settings, and NumPy's or SciPy's own result.

A case is data. The tests beside this file run each of them through every check there is; a rule
without a case fails the suite. Inputs stay away from kinks and ties, which have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.special

import tinygrad_rnn as tg
from tinygrad_rnn.engine.pullback import alias
from tinygrad_rnn.ops.comparison import checked
from tinygrad_rnn.ops.dropout import keep_mask
from tinygrad_rnn.ops.softmax import at_ids, class_ids


@dataclass(frozen=True)
class Case:
    """A call of one op.

    `reference` computes the same from the arrays without this package. `call` is how people write
    the call, where that differs from ``op(*inputs, **params)``. Integer and boolean inputs get no
    gradient.
    """

    rule: str
    inputs: tuple[Any, ...]
    reference: Callable[..., Any]
    params: dict[str, Any] = field(default_factory=dict)
    call: Callable[..., Any] | None = None
    note: str = ""

    def __call__(self, *inputs: Any) -> Any:
        if self.call is not None:
            return self.call(*inputs)
        return getattr(tg, self.rule)(*inputs, **self.params)

    def __str__(self) -> str:
        shapes = ",".join("x".join(map(str, np.shape(x))) or "0d" for x in self.inputs)
        settings = ",".join(f"{key}={value}" for key, value in self.params.items())
        return "-".join(filter(None, [self.rule, shapes, settings, self.note])).replace(" ", "")


rng = np.random.default_rng(20)


def normal(*shape: int) -> np.ndarray:
    """Numbers of both signs, none closer to 0 or to each other than differences can tell."""
    n = int(np.prod(shape))
    x = (rng.permutation(n) - n / 2 + 0.5) * (3.0 / max(n, 4)) + rng.uniform(-0.05, 0.05, n) / n
    return x.reshape(shape)


def positive(*shape: int) -> np.ndarray:
    return rng.uniform(0.3, 2.0, shape)


def integers(high: int, *shape: int) -> np.ndarray:
    return rng.integers(0, high, shape)


X = normal(3, 4)
MASK = normal(3, 4) > 0


def unary(rule: str, reference: Callable[..., Any], *inputs: Any) -> list[Case]:
    """An elementwise function of one argument: as a matrix, a vector and a single number."""
    inputs = inputs or (X, normal(5), normal(2)[0])
    return [Case(rule, (x,), reference) for x in inputs]


def binary(
    rule: str, reference: Callable[..., Any], make: Callable[..., Any] = normal
) -> list[Case]:
    """An elementwise function of two arguments: of equal shapes, broadcast both ways, numbers."""
    shapes = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (2, 1, 4)), ((), (2, 3)), ((), ())]
    return [Case(rule, (make(*a)[()], make(*b)[()] * 1.1 + 0.013), reference) for a, b in shapes]


def reducing(rule: str, reference: Callable[..., Any], x: np.ndarray) -> list[Case]:
    """A reduction, along every kind of axis."""
    axes = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": ()}]
    return [Case(rule, (x,), lambda x, kw=kw: reference(x, **kw), kw) for kw in axes]


def cross_entropy(logits: Any, targets: Any, reduction: str = "mean", ignore: Any = None) -> Any:
    log_p = scipy.special.log_softmax(logits, axis=-1)
    if targets.dtype.kind == "f":
        losses, count = -(targets * log_p).sum(-1), log_p[..., 0].size
    else:
        kept = targets != ignore
        losses = np.zeros(targets.shape)
        for place in np.argwhere(kept):
            losses[tuple(place)] = -log_p[(*place, targets[tuple(place)])]
        count = kept.sum()
    return {"mean": losses.sum() / count, "sum": losses.sum(), "none": losses}[reduction]


def placed(g: Any) -> Any:
    y = np.zeros((4, 3))
    y[1:3] += g
    return y


# fmt: off
CASES: list[Case] = [
    # arithmetic
    *binary("add", lambda a, b: a + b),
    *binary("subtract", lambda a, b: a - b),
    *binary("multiply", lambda a, b: a * b),
    *binary("divide", lambda a, b: a / b, positive),
    *binary("power", lambda a, b: a**b, positive),
    Case("power", (X, 3), lambda a, b: a * a * a),
    Case("power", (X, 2), lambda a, b: a * a, call=lambda a, b: a**2),
    Case("power", (X, 0), lambda a, b: np.ones_like(a), call=lambda a, b: a**0),
    Case("power", (2.5, normal(3)), lambda a, b: 2.5**b),
    *unary("negative", lambda x: 0 - x),
    *unary("absolute", lambda x: np.sqrt(x * x)),
    *binary("maximum", np.fmax),
    *binary("minimum", np.fmin),
    Case("where", (MASK, X, normal(3, 4)), lambda c, a, b: c * a + (1 - c) * b),
    Case("where", (MASK, X, 0.5), lambda c, a, b: c * a + (1 - c) * b),
    Case("where", (MASK[:, :1], normal(4), normal(2, 1, 1)), lambda c, a, b: c * a + (1 - c) * b),
    Case("clip", (X, -0.6, 0.7), lambda x, a, b: np.fmin(np.fmax(x, a), b)),
    Case("clip", (X, normal(4) - 1, normal(4) + 1), lambda x, a, b: np.fmin(np.fmax(x, a), b)),
    Case("clip", (X,), lambda x: np.fmax(x, 0.1), call=lambda x: tg.clip(x, 0.1)),
    # elementwise functions of one argument
    *unary("exp", lambda x: np.power(np.e, x)),
    *unary("expm1", lambda x: np.power(np.e, x) - 1),
    *unary("log", lambda x: np.log2(x) / np.log2(np.e), positive(3, 4), positive(1)[0]),
    *unary("log1p", lambda x: np.log(1 + x), positive(3, 4) - 0.9, positive(1)[0]),
    *unary("sqrt", lambda x: x**0.5, positive(3, 4), positive(1)[0]),
    *unary("square", lambda x: x * x),
    *unary("sin", lambda x: np.imag(np.exp(1j * x))),
    *unary("cos", lambda x: np.real(np.exp(1j * x))),
    *unary("tanh", lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
    *unary("sigmoid", scipy.special.expit),
    *unary("relu", lambda x: x * (x > 0)),
    *unary("softplus", lambda x: np.log(1 + np.exp(x))),
    Case("alias", (X,), lambda x: x, call=alias),
    # reductions
    *reducing("sum", lambda x, **kw: np.add.reduce(x, **({"axis": None} | kw)), normal(2, 3, 4)),
    *reducing("mean", np.mean, normal(2, 3, 4)),
    *reducing("max", np.max, normal(2, 3, 4)),
    *reducing("min", np.min, normal(2, 3, 4)),
    *reducing("prod", np.prod, positive(2, 3, 2) - 0.9),
    Case("prod", (np.array([[0.0, 2.0, 3.0], [1.0, 0.0, 0.0]]),),
         lambda x: x[:, 0] * x[:, 1] * x[:, 2],
         {"axis": 1}, note="with-zeros"),
    *reducing("logsumexp", scipy.special.logsumexp, normal(2, 3, 4))[:-1],
    Case("cumsum", (normal(2, 3),), lambda x: np.tril(np.ones((6, 6))) @ x.ravel()),
    Case("cumsum", (normal(2, 3),), lambda x: x @ np.triu(np.ones((3, 3))), {"axis": 1}),
    # shaping
    Case("astype", (X,), lambda x: x, call=lambda x: tg.astype(x, dtype=np.float64)),
    Case("reshape", (X,), lambda x: np.array(x.ravel().tolist()).reshape(2, 6), {"shape": (2, -1)}),
    Case("transpose", (X,), lambda x: np.einsum("ij->ji", x)),
    Case("transpose", (normal(2, 3, 4),), lambda x: np.einsum("ijk->kij", x), {"axes": (2, 0, 1)}),
    Case("transpose", (normal(2, 3, 4),), lambda x: np.einsum("ijk->kij", x), {"axes": (-1, 0, 1)}),
    Case("broadcast_to", (normal(3, 1),), lambda x: np.tile(x, (2, 1, 4)), {"shape": (2, 3, 4)}),
    Case("flip", (X,), lambda x: x[::-1, ::-1]),
    Case("flip", (X,), lambda x: x[:, ::-1], {"axis": 1}),
    Case("concatenate", (X, normal(3, 2)), lambda a, b: np.hstack([a, b]),
         call=lambda a, b: tg.concatenate([a, b], axis=-1)),
    Case("concatenate", (normal(2), normal(3), normal(1)), lambda *x: np.hstack(x),
         call=lambda *x: tg.concatenate(x)),
    Case("stack", (X, normal(3, 4)), lambda a, b: np.dstack([a, b]),
         call=lambda a, b: tg.stack([a, b], axis=-1)),
    Case("stack", (np.float64(0.3), np.float64(-1.2)), lambda a, b: np.array([a, b]),
         call=lambda a, b: tg.stack([a, b])),
    Case("pad", (X,), lambda x: np.block([[np.zeros((1, 7))],
                                          [np.zeros((3, 2)), x, np.zeros((3, 1))]]),
         {"pad_width": ((1, 0), (2, 1))}),
    Case("pad", (X,), lambda x: np.pad(x, 1, constant_values=7.0),
         {"pad_width": 1, "constant_values": 7.0}),
    # indexing
    Case("getitem", (X,), lambda x: x[1], call=lambda x: x[1]),
    Case("getitem", (X,), lambda x: x[-1, ::-2], call=lambda x: x[-1, ::-2]),
    Case("getitem", (X,), lambda x: x[None, ..., 1:3], call=lambda x: x[None, ..., 1:3]),
    Case("getitem", (X,), lambda x: x[MASK], call=lambda x: x[MASK]),
    Case("getitem", (X, np.array([0, 2, 2, -3])), lambda x, i: x[i], call=lambda x, i: x[i],
         note="rows-repeated"),
    Case("getitem", (X, np.array([0, 2, 2]), np.array([1, 3, 3])), lambda x, i, j: x[i, j],
         call=lambda x, i, j: x[i, j], note="pairs-repeated"),
    Case("getitem", (X,), lambda x: x[:, [0, 0, 3]], call=lambda x: x[:, [0, 0, 3]]),
    Case("getitem", (normal(2, 8),), lambda x: x[:, :4] * x[:, 4:],
         call=lambda x: x[:, 4:] * x[:, :4], note="slices-that-cover"),
    Case("take", (X, np.array([[0, 2], [2, 1]])), lambda x, i: x.ravel()[i]),
    Case("take", (X, np.array([[0, 2], [2, 1]])), lambda x, i: x[:, i], {"axis": 1}),
    Case("take", (X, np.array([2, 2, 0])), lambda x, i: x[i], {"axis": -2}),
    Case("place", (normal(2, 3),), placed, {"indices": ((slice(1, 3),),), "shape": (4, 3)}),
    # products
    Case("matmul", (normal(4), normal(4)), lambda a, b: np.sum(a * b)),
    Case("matmul", (normal(3, 4), normal(4)), lambda a, b: np.einsum("ij,j->i", a, b)),
    Case("matmul", (normal(4), normal(4, 3)), lambda a, b: np.einsum("j,jk->k", a, b)),
    Case("matmul", (normal(3, 4), normal(4, 2)), lambda a, b: np.einsum("ij,jk->ik", a, b)),
    Case("matmul", (normal(9, 8), normal(8, 1)), lambda a, b: np.einsum("ij,jk->ik", a, b)),
    Case("matmul", (normal(2, 3, 4), normal(4)), lambda a, b: np.einsum("bij,j->bi", a, b)),
    Case("matmul", (normal(4), normal(2, 4, 3)), lambda a, b: np.einsum("j,bjk->bk", a, b)),
    Case("matmul", (normal(2, 3, 4), normal(4, 2)), lambda a, b: np.einsum("bij,jk->bik", a, b)),
    Case("matmul", (normal(3, 4), normal(2, 4, 2)), lambda a, b: np.einsum("ij,bjk->bik", a, b)),
    Case("matmul", (normal(2, 1, 3, 4), normal(5, 4, 2)),
         lambda a, b: np.einsum("abij,bjk->abik", np.broadcast_to(a, (2, 5, 3, 4)), b)),
    Case("linear", (normal(3, 4), normal(2, 4), normal(2)),
         lambda x, w, b: np.einsum("ij,kj->ik", x, w) + b),
    Case("linear", (normal(3, 4), normal(2, 4)), lambda x, w: np.einsum("ij,kj->ik", x, w)),
    Case("linear", (normal(4), normal(2, 4), normal(2)), lambda x, w, b: w @ x + b),
    Case("linear", (normal(2, 3, 4), normal(2, 4), normal(2)),
         lambda x, w, b: np.einsum("bij,kj->bik", x, w) + b),
    *(
        Case("recurrent_linear", (x, h, normal(5, 4), normal(5, 2), *biases),
             lambda x, h, w, u, b=0, c=0: np.einsum("...j,kj->...k", x, w)
             + np.einsum("...j,kj->...k", h, u) + b + c)
        for x, h, biases in [
            (normal(3, 4), normal(3, 2), (normal(5), normal(5))), (normal(3, 4), normal(3, 2), ()),
            (normal(4), normal(2), (normal(5), normal(5))),
        ]
    ),
    *(
        Case("einsum", tuple(normal(*s) for s in shapes),
             lambda *x, path=path: np.einsum(path, *x, optimize=True),
             call=lambda *x, path=path: tg.einsum(path, *x), note=path)
        for path, *shapes in [
            ("ij,jk->ik", (3, 4), (4, 2)), ("bij,bjk", (2, 3, 4), (2, 4, 2)),
            ("ij->", (3, 4)), ("ii->", (3, 3)), ("ii->i", (3, 3)), ("iij->j", (3, 3, 2)),
            ("...i,...i->...", (2, 3, 4), (3, 4)), ("i,j,ij->", (3,), (4,), (3, 4)),
            ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("...ij->...ji", (2, 3, 4)),
        ]
    ),
    # softmax and losses
    Case("softmax", (X,), scipy.special.softmax,
         call=lambda x: tg.softmax(x.reshape(-1)).reshape(3, 4)),
    Case("softmax", (X,), lambda x: scipy.special.softmax(x, axis=0), {"axis": 0}),
    Case("log_softmax", (X,), lambda x: scipy.special.log_softmax(x, axis=-1)),
    Case("log_softmax", (X,), lambda x: scipy.special.log_softmax(x, axis=0), {"axis": 0}),
    *(
        Case("softmax_cross_entropy", (logits, targets),
             lambda x, t, kw=kw: cross_entropy(x, t, kw.get("reduction", "mean"),
                                               kw.get("ignore_index")), kw)
        for logits, targets in [
            (X, integers(4, 3)), (normal(2, 3, 5), integers(5, 2, 3)), (normal(5), integers(5)),
            (X, scipy.special.softmax(normal(3, 4), axis=1)),
        ]
        for kw in [{}, {"reduction": "sum"}, {"reduction": "none"}]
    ),
    Case("at_ids", (X, np.array([1, 0, 3])), lambda x, i: np.array([x[0, 1], x[1, 0], x[2, 3]]),
         call=at_ids),
    Case("at_ids", (normal(2, 3, 4), integers(4, 2, 3)),
         lambda x, i: np.take_along_axis(x, i[..., None], -1)[..., 0], call=at_ids),
    *(
        Case("softmax_cross_entropy", (X, np.array([1, -1, 3])),
             lambda x, t, r=r: cross_entropy(x, t, r, -1), {"reduction": r, "ignore_index": -1})
        for r in ("mean", "sum", "none")
    ),
]

# Functions whose derivative is zero: plain arrays come back.
PLAIN_CASES: list[Case] = [
    *(
        Case(rule, (X, np.where(MASK, X, -X)), reference)
        for rule, reference in [
            ("equal", lambda a, b: (a - b) == 0), ("not_equal", lambda a, b: (a - b) != 0),
            ("less", lambda a, b: (b - a) > 0), ("less_equal", lambda a, b: (b - a) >= 0),
            ("greater", lambda a, b: (a - b) > 0), ("greater_equal", lambda a, b: (a - b) >= 0),
        ]
    ),
    Case("sign", (X,), lambda x: x / abs(x)),
    Case("floor", (X,), lambda x: x // 1),
    Case("ceil", (X,), lambda x: -(-x // 1)),
    Case("rint", (X,), lambda x: np.vectorize(round)(x)),
    Case("trunc", (X,), lambda x: np.vectorize(int)(x)),
    Case("isfinite", (np.array([1.0, np.inf, np.nan]),), lambda x: np.array([True, False, False])),
    Case("isnan", (np.array([1.0, np.inf, np.nan]),), lambda x: x != x),
    Case("argmax", (X,), lambda x: np.argsort(x, axis=1)[:, -1], {"axis": 1}),
    Case("argmin", (X,), lambda x: int(np.argsort(x, axis=None)[0])),
    Case("argsort", (X,), lambda x: np.array([sorted(range(4), key=row.__getitem__) for row in x])),
    Case("zeros_like", (X,), lambda x: x * 0),
    Case("ones_like", (X,), lambda x: x * 0 + 1),
    Case("allclose", (X, X + 1e-12), lambda a, b: True, call=lambda a, b: np.allclose(a, b)),
    Case("array_equal", (X, X + 1), lambda a, b: False, call=lambda a, b: np.array_equal(a, b)),
    Case("shape", (X,), lambda x: (3, 4), call=lambda x: np.shape(x)),
    Case("ndim", (X,), lambda x: 2, call=lambda x: np.ndim(x)),
    Case("size", (X,), lambda x: 12, call=lambda x: np.size(x)),
    Case("one_hot", (np.array([1, 0, 3]), X), lambda i, x: np.eye(4)[i]),
    Case("one_hot", (np.array([1, -1, 3]), X), lambda i, x: np.eye(4)[i] * [[1], [0], [1]],
         {"ignore_index": -1}),
    Case("class_ids", (np.array([1, 0, 3]), X), lambda i, x: i, call=class_ids),
    Case("checked", (integers(5, 3),), lambda x: x, {"check": np.all},
         call=lambda x: checked(x, check=np.all)),
    Case("keep_mask", (X,),
         lambda x: (np.random.default_rng(5).random((3, 4), np.float32) >= 0.5) * 2,
         call=lambda x: keep_mask(x, p=0.5, generator=np.random.default_rng(5))),
]
# fmt: on
