"""Functions written at random, as text: statements over names of every dtype, steps that differ.

Each statement is computed as soon as it is written. What NumPy refuses, what is not finite and what
grows too large is dropped, so that templates may be careless about shapes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

# {f} is a name of floats, {i} of whole numbers, {m} of truths, {w} of a parameter; {n} a number,
# {x} an axis, {xs} several, {s} a slice, {k} a small number.
FLOATS = """
{f} + {f} | {f} - {f} | {f} * {f} | {f} / (1.5 + {f} ** 2) | -(-{f}) | {n} - {f} | {f} / {n}
{f} / ({f} ** 2 + 1.0).sum(axis=-1, keepdims=True) | {f} * {m} | {f} + {i} | {i} - {f} | {f} * {n}
np.tanh({f}) | tg.sigmoid({f}) | np.exp(-{f} * {f}) | np.log1p({f} ** 2) | tg.softplus({f})
np.maximum({f}, {f}) | np.minimum({f}, {n}) | np.clip({f}, -0.5, {f}) | np.where({m}, {f}, {f})
np.where({f} > {f}, {f}, 0.0) | tg.relu({f}) - tg.relu(-{f}) | np.abs({f}) | np.sign({f}) * {f}
{f} @ {w} | {f} @ {w}.T | {w}.T @ {f} | {f} @ {f} | {f}.T @ {f} | tg.linear({f}, {w}, {w})
{f} @ {w} + {f} @ {w} + {w} | np.einsum('ij,kj->ik', {f}, {w}) | np.outer({f}, {f})[:4, :5]
{f}.T | np.swapaxes({f}, 0, -1) | np.transpose({f}, (1, 0)) | np.transpose({f}, (0, 1))
np.transpose({f}, (1, 0, 2)) | {f}.reshape(-1) | np.reshape({f}, (2, -1)) | np.flip({f}, {x})
np.flip({f}) | np.expand_dims({f}, {x}) | np.broadcast_to({f}, (2,) + {f}.shape) | np.pad({f}, 1)
{f}.sum(axis={x}, keepdims=True) | {f}.sum(axis={xs}) | {f}.mean(axis={xs}, keepdims=True)
{f}.max(axis={x}) | np.min({f}, axis={xs}, keepdims=True) | np.prod({f}, axis={x}) | {f}.sum()
np.var({f}, axis={x}) | tg.logsumexp({f}, axis={x}) | np.cumsum({f}, axis={x})
tg.softmax({f}) | tg.softmax({f}, axis={x}) | tg.log_softmax({f}, axis={x})
np.concatenate([{f}, {f}, {f}], axis={x}) | np.concatenate([{f}, {i}], axis={x})
np.concatenate([{m}, {f}], axis={x}) | np.stack([{f}, {f}], axis={x}) | np.concatenate([{f}, {f}])
np.split({f}, [{k}], axis={x})[{k}] | tg.unstack({f})[-1] | {f}[{s}] | {f}[..., {s}] | {f}[{s}, {s}]
{f}[{k}] | {f}[:, -1] | {f}[{s}, None] | {w}[{i} % {w}.shape[0]] | {f}[:, {i} % {f}.shape[1]]
tg.take({f}, {i} % {f}.shape[0], axis=0) | tg.take({w}, np.argmax({f}, axis=-1) % 2, axis=0)
{w}[-1 - {i} % {w}.shape[0]] | tg.take({f}, {i} % {f}.size) | {w}[{i} % {w}.shape[0], 0]
tg.softmax_cross_entropy({f}, {i} % {f}.shape[-1]) | tg.mse({f}, {f}) | {f}.detach() * {f}
tg.softmax_cross_entropy({f}, np.argmax({f}, axis=-1), reduction='none')
tg.sigmoid({f}[..., :{k}]) * np.tanh({f}[..., {k}:]) | {f}.astype(np.float32) | {f} + 0 | {f} * 1
tg.grad(lambda z: np.sum(np.tanh(z @ {w}) ** 2))({f})
tg.grad(lambda z: np.sum(z[{i} % 2] ** 3))({w}) | tg.vjp(np.sin, {f})[1]({f})[0]
tg.jvp(lambda z: np.tanh(z) * z, ({f},), ({f},))[1] | tg.hvp(lambda z: np.sum(z**3), {f}, {f})
"""
WHOLE = """
np.argmax({f}, axis={x}) | {i} + 1 | {i} * 2 | {i} // 2 | {i} % 3 | {i} + {i} | {i}[::-1] | {i} << 1
({f} > 0) * 2 | {m} + {m} | np.concatenate([{i}, {i}]) | np.stack([{i}, {i}])
np.argsort({f}, axis={x})
np.where({m}, {i}, 0) | {i}.astype(np.uint8) | {i}.max(axis={x}) | {i}.sum(axis={x})
"""
TRUTHS = """
{f} > {f} | {f} <= {n} | {i} == {i} | ~{m} | {m} & {m} | {m} ^ {m} | {m}[::-1] | np.isfinite({f})
np.concatenate([{m}, {m}]) | {m}.any(axis={x})
"""
KINDS = {"f": "f", "i": "i", "u": "i", "b": "m"}
CHOICES = {
    "{n}": ["2.0", "0.5", "-1.5", "3", "1", "-1", "0.0", "-0.0", "7.3"],
    "{x}": ["0", "-1", "1", "-2", "2"],
    "{xs}": ["(0, 1)", "(0, -1)", "(1,)", "None", "(0,)", "()", "(1, 0)"],
    "{s}": ["1:", ":2", ":-1", "::2", "::-1", "::-2", "1:3", "-2:", "2:0:-1", "0:1", "3:1"],
    "{k}": ["1", "0", "1"],
}


class Writer:
    """The text of a function, and what its names mean for the arguments that it is written with."""

    def __init__(self, seed: int, names: dict[str, Any]) -> None:
        self.random = random.Random(seed)
        self.names = dict(names)
        self.lines: list[str] = []
        self.largest = self.random.choice([60, 200])
        self.templates = [text.replace("\n", "|").split("|") for text in (FLOATS, WHOLE, TRUTHS)]

    def of_kind(self, kind: str) -> list[str]:
        """List the names of a kind, those that are new last."""
        if kind == "w":
            return [name for name in self.names if name.startswith("W")]
        return [name for name, x in self.names.items() if KINDS[data(x).dtype.kind] == kind]

    def filled(self) -> str:
        """Return a template with its places filled."""
        templates = self.random.choices(self.templates, [8, 1, 1])[0]
        text = self.random.choice([t.strip() for t in templates if t.strip()])
        for place, choices in CHOICES.items():
            while place in text:
                text = text.replace(place, self.random.choice(choices), 1)
        for kind in "fimw":
            while f"{{{kind}}}" in text:
                names = self.of_kind(kind) or ["missing"]
                name = self.random.choice(names[-5:] if self.random.random() < 0.5 else names)
                text = text.replace(f"{{{kind}}}", name, 1)
        return text

    def expression(self, like: Any = None) -> tuple[str, Any] | None:
        """Return an expression and its result, of the form of another; None if none is found."""
        for _ in range(60):
            text = self.filled()
            try:
                y = eval(text, {"np": np, "tg": tg, **self.names})
            except Exception:  # carelessness of the template
                continue
            x = data(y)
            if not 0 < x.size <= self.largest or x.ndim > 4 or x.dtype.kind not in KINDS:
                continue
            if not np.isfinite(x).all() or np.abs(x.astype(float)).max() > 20:
                continue
            if like is None or (x.shape, x.dtype) == (data(like).shape, data(like).dtype):
                return text, y
        return None

    def write(self, indent: int, several: int, steps: list[str] | None = None) -> None:
        """Write statements; with conditions on the step, some of two branches."""
        for _ in range(several):
            found = self.expression()
            if found is None:
                continue
            text, y = found
            other = self.expression(y) if steps and self.random.random() < 0.2 else None
            if other is not None and steps:
                text = f"{text} if {self.random.choice(steps)} else {other[0]}"
            name = f"v{len(self.lines)}"
            self.names[name] = y
            self.lines.append(f"{'    ' * indent}{name} = {text}")


def data(x: Any) -> np.ndarray:
    """Return the numbers of a Value, array or number."""
    return x.data if isinstance(x, tg.Value) else np.asarray(x)


def written(seed: int, weights: dict[str, tg.Value], arguments: dict[str, Any]) -> str:
    """Return the text of a function ``f`` of these arguments, with a loop over `xs` and `ids`."""
    writer = Writer(seed, {**weights, **{k: x for k, x in arguments.items() if k[-1] != "s"}})
    pick, lines = writer.random.choice, writer.lines
    writer.write(1, writer.random.randint(1, 5))
    before = list(writer.names)
    writer.names |= {"h": arguments["h0"], "x": arguments["xs"][0], "i": arguments["ids"][0]}
    lines.append("    h, hs, total = h0, [], 0.0")
    lines.append(f"    for t in {pick(['range(len(xs))', 'reversed(range(len(xs)))'])}:")
    lines.append("        x, i = xs[t], ids[t]")
    writer.write(2, writer.random.randint(2, 6), ["t == 0", "t % 2 == 0", "t < len(xs) - 1"])
    inner = writer.of_kind("f")
    fitting = [k for k in inner if data(writer.names[k]).shape == arguments["h0"].shape]
    cell = "h = np.tanh(h @ W1{} + {}) * 0.9 + ({}).mean() * 0.1"
    lines.append("        " + cell.format(pick(["", ".T"]), pick(fitting), inner[-1]))
    lines.append(f"        hs.append(h); total = total + ({pick(inner[-4:])}).sum() * 0.1")
    writer.names = {k: writer.names[k] for k in before}
    joins = ("np.stack(hs)", "np.concatenate(hs, axis=-1)", "np.stack(hs, axis=1)", "sum(hs)")
    joined = f"v{len(lines)}"
    lines.append(f"    {joined} = {pick(joins)}")
    writer.names |= {"h": arguments["h0"]}
    writer.write(1, writer.random.randint(2, 6))
    rest = [k for k in writer.of_kind("f") if k[0] in "vW"]
    made_here = [k for k in writer.names if k[0] in "vh"]
    used = {joined, "total", rest[-1], *writer.random.sample(rest, min(3, len(rest)))}
    parts = [f"np.sum({k} * np.sin({k}))" for k in used]
    others = writer.random.sample(made_here, min(4, len(made_here)))
    result = f"loss, {{'other': ({joined}, [{', '.join(others)}])}}"
    lines += [f"    loss = {' + '.join(sorted(parts))}", f"    return {pick(['loss', result])}"]
    return "\n".join([f"def f({', '.join(arguments)}):", *lines])


def made(text: str, weights: dict[str, tg.Value]) -> Callable[..., Any]:
    """Return the function of a text."""
    space: dict[str, Any] = {"np": np, "tg": tg, **weights}
    exec(text, space)
    function: Callable[..., Any] = space["f"]
    return function
