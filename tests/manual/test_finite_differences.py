"""Every hand-derived gradient of every build against central finite differences."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from tests.manual.stacks import BUILDS, LENGTHS, RELATIVE, B, Build, D, T, disagreement, members


class Case:
    """A build with numbers, and a loss in which nothing that comes out of it can hide."""

    def __init__(self, build: Build) -> None:
        rng = np.random.default_rng(crc32(str(build).encode()))
        self.build = build
        self.weights = build.random_weights(rng)
        self.x = rng.normal(0.3, 1, (T, B, D))
        self.state = build.random_state(rng) if build.state else None
        self.d_output = rng.normal(size=(T, B, build.directions * 2))
        self.d_state_n = build.random_state(rng)

    def loss(self) -> float:
        output, state_n, _ = self.build.module.forward(
            self.weights, self.x, self.state, **self.build.options
        )
        last = zip(members(self.d_state_n), members(state_n), strict=True)
        return float((self.d_output * output).sum() + sum((d * s).sum() for d, s in last))

    def pairs(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return every array that the loss depends on, with its gradient by hand."""
        _, _, cache = self.build.module.forward(
            self.weights, self.x, self.state, **self.build.options
        )
        gradients, d_x, d_state_0 = self.build.module.backward(cache, self.d_output, self.d_state_n)
        assert list(gradients) == list(self.weights)
        pairs = {name: (w, gradients[name]) for name, w in self.weights.items()}
        pairs["x"] = (self.x, d_x)
        if self.state is not None:
            states = zip(members(self.state), members(d_state_0), strict=True)
            pairs |= dict(zip(("h_0", "c_0"), states, strict=False))
        return pairs


@pytest.mark.parametrize("build", [b for b in BUILDS if b.state], ids=str)
def test_every_entry_of_every_gradient(build: Build) -> None:
    case = Case(build)
    for name, (array, gradient) in case.pairs().items():
        error = disagreement(gradient, case.loss, array, build.nonlinearity)
        assert error < RELATIVE, name


@pytest.mark.parametrize("build", [b for b in BUILDS if not b.state], ids=str)
def test_without_a_state_it_is_zero(build: Build) -> None:
    case = Case(build)
    pairs = case.pairs()
    # All arrays move at once, in a random direction, in which every entry has its share.
    rng = np.random.default_rng(2)
    start = {name: array.copy() for name, (array, _) in pairs.items()}
    direction = {name: rng.normal(size=array.shape) for name, array in start.items()}
    distance = np.zeros(())

    def loss() -> float:
        for name, (array, _) in pairs.items():
            array[...] = start[name] + distance * direction[name]
        return case.loss()

    terms = [(direction[name] * gradient).sum() for name, (_, gradient) in pairs.items()]
    assert disagreement(np.sum(terms), loss, distance, build.nonlinearity) < RELATIVE
    for name, (array, _) in pairs.items():
        array[...] = start[name]

    zeros = tuple(np.zeros_like(s) for s in members(case.d_state_n))
    case.state = zeros if len(zeros) == 2 else zeros[0]
    for name, (_, gradient) in case.pairs().items():
        if name in pairs:
            np.testing.assert_allclose(gradient, pairs[name][1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("build", [b for b in BUILDS if b.lengths and not b.state], ids=str)
def test_padding_has_no_gradient_and_is_never_read(build: Build) -> None:
    rng = np.random.default_rng(1)
    weights, x = build.random_weights(rng), rng.normal(size=(T, B, D))
    padded = np.arange(T)[:, None] >= np.array(LENGTHS)  # (T, B)
    output, state_n, cache = build.module.forward(weights, x, **build.options)
    d_output = rng.normal(size=output.shape)
    gradients, d_x, _ = build.module.backward(cache, d_output)
    assert padded.sum() == 3
    assert not output[padded].any()
    assert not d_x[padded].any()

    x[padded], d_output[padded] = np.nan, np.nan
    again, state_again, cache = build.module.forward(weights, x, **build.options)
    gradients_again, d_x_again, _ = build.module.backward(cache, d_output)
    np.testing.assert_array_equal(again, output)
    np.testing.assert_array_equal(d_x_again, d_x)
    for s, s_again in zip(members(state_n), members(state_again), strict=True):
        np.testing.assert_array_equal(s_again, s)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradients_again[name], gradient)
