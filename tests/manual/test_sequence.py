"""What surrounds a step: lengths, layouts, directions, carried states, dtypes, untouched inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import BUILDS, KINDS, LENGTHS, B, Build, D, H, T, members

FULL = [Build(*kind, layers=2, bidirectional=True, state=True) for kind in KINDS]
WITH_LENGTHS = [b for b in BUILDS if b.lengths and b.state]


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


class Run:
    """A forward and backward run of a build, with whatever is changed in it."""

    def __init__(self, build: Build, seed: int = 4) -> None:
        rng = np.random.default_rng(seed)
        self.build = build
        self.weights = build.random_weights(rng)
        self.x = rng.normal(size=(T, B, D))
        self.state = build.random_state(rng)
        self.d_output = rng.normal(size=(T, B, build.directions * H))
        self.d_state_n = build.random_state(rng)
        self.options = build.options

    def __call__(self) -> tuple[Any, ...]:
        output, state_n, cache = self.build.module.forward(
            self.weights, self.x, self.state, **self.options
        )
        return output, state_n, *self.build.module.backward(cache, self.d_output, self.d_state_n)


def batch_of(state: Any, b: Any) -> Any:
    """Select sequences of a state."""
    chosen = tuple(s[:, b] for s in members(state))
    return chosen if isinstance(state, tuple) else chosen[0]


@pytest.mark.parametrize("build", WITH_LENGTHS, ids=str)
def test_lengths_equal_each_sequence_alone(build: Build) -> None:
    together = Run(build)
    output, state_n, gradients, d_x, d_state_0 = together()
    sums = {name: np.zeros_like(w) for name, w in together.weights.items()}
    for b, length in enumerate(LENGTHS):
        alone = Run(build)
        alone.options = {k: v for k, v in build.options.items() if k != "lengths"}
        alone.x, alone.d_output = alone.x[:length, [b]], alone.d_output[:length, [b]]
        alone.state, alone.d_state_n = batch_of(alone.state, [b]), batch_of(alone.d_state_n, [b])
        output_b, state_n_b, gradients_b, d_x_b, d_state_0_b = alone()
        close(output[:length, [b]], output_b)
        close(d_x[:length, [b]], d_x_b)
        for both, one in ((state_n, state_n_b), (d_state_0, d_state_0_b)):
            for s, s_b in zip(members(batch_of(both, [b])), members(one), strict=True):
                close(s, s_b)
        for name in sums:
            sums[name] += gradients_b[name]
    for name, total in sums.items():
        close(gradients[name], total)


@pytest.mark.parametrize("build", FULL, ids=str)
def test_lengths_that_are_all_full_change_nothing(build: Build) -> None:
    run = Run(build)
    plain = run()
    run.options = build.options | {"lengths": np.array([T] * B)}
    for ours, theirs in zip(run(), plain, strict=True):
        if isinstance(ours, dict):
            assert all((ours[name] == theirs[name]).all() for name in run.weights)
        else:
            assert all((s == p).all() for s, p in zip(members(ours), members(theirs), strict=True))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("build", FULL, ids=str)
def test_batch_first_swaps_x_output_and_their_gradients_only(build: Build, lengths: Any) -> None:
    run = Run(build)
    run.options = build.options | {"lengths": lengths}
    output, state_n, gradients, d_x, d_state_0 = run()
    run.x, run.d_output = run.x.swapaxes(0, 1), run.d_output.swapaxes(0, 1)
    run.options = run.options | {"batch_first": True}
    swapped = run()
    close(swapped[0], output.swapaxes(0, 1))
    close(swapped[3], d_x.swapaxes(0, 1))
    for name in gradients:
        close(swapped[2][name], gradients[name])
    for ours, theirs in ((swapped[1], state_n), (swapped[4], d_state_0)):
        for s, p in zip(members(ours), members(theirs), strict=True):
            close(s, p)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("build", FULL, ids=str)
def test_without_a_batch_it_is_a_batch_of_one(build: Build, batch_first: bool) -> None:
    batched, single = Run(build), Run(build)
    batched.x, batched.d_output = batched.x[:, :1], batched.d_output[:, :1]
    batched.state = batch_of(batched.state, [0])
    batched.d_state_n = batch_of(batched.d_state_n, [0])
    single.x, single.d_output = single.x[:, 0], single.d_output[:, 0]
    single.state, single.d_state_n = batch_of(single.state, 0), batch_of(single.d_state_n, 0)
    single.options = build.options | {"batch_first": batch_first}  # without a batch: no meaning
    output, state_n, gradients, d_x, d_state_0 = batched()
    alone = single()
    close(alone[0], output[:, 0])
    close(alone[3], d_x[:, 0])
    for name in gradients:
        close(alone[2][name], gradients[name])
    for ours, theirs in ((alone[1], state_n), (alone[4], d_state_0)):
        for s, p in zip(members(ours), members(batch_of(theirs, 0)), strict=True):
            close(s, p)


@pytest.mark.parametrize("kind", KINDS)
def test_the_reverse_direction_is_the_forward_one_on_the_mirrored_input(
    kind: tuple[str, str],
) -> None:
    both = Run(Build(*kind, bidirectional=True))
    output, state_n, gradients, _, _ = both()
    mirrored = Run(Build(*kind))
    mirrored.weights = {
        name.removesuffix("_reverse"): w
        for name, w in both.weights.items()
        if name.endswith("_reverse")
    }
    mirrored.x, mirrored.d_output = both.x[::-1], both.d_output[::-1, :, H:]
    for name in ("state", "d_state_n"):
        half = tuple(s[1:] for s in members(getattr(both, name)))
        setattr(mirrored, name, half if len(half) == 2 else half[0])
    output_m, state_n_m, gradients_m, _, _ = mirrored()
    close(output[:, :, H:], output_m[::-1])
    close(members(state_n)[0][1], members(state_n_m)[0][0])
    for name, gradient in gradients_m.items():
        close(gradients[name + "_reverse"], gradient)


@pytest.mark.parametrize("build", [Build(*kind, layers=2) for kind in KINDS], ids=str)
def test_two_windows_with_the_state_carried_are_one(build: Build) -> None:
    whole = Run(build)
    output, _, gradients, d_x, d_state_0 = whole()
    forward, backward = build.module.forward, build.module.backward
    x, d_output = whole.x, whole.d_output
    output_1, middle, cache_1 = forward(whole.weights, x[:2], whole.state, **build.options)
    output_2, _, cache_2 = forward(whole.weights, x[2:], middle, **build.options)
    gradients_2, d_x_2, d_middle = backward(cache_2, d_output[2:], whole.d_state_n)
    gradients_1, d_x_1, d_first = backward(cache_1, d_output[:2], d_middle)
    close(np.concatenate([output_1, output_2]), output)
    close(np.concatenate([d_x_1, d_x_2]), d_x)
    for name in gradients:
        close(gradients_1[name] + gradients_2[name], gradients[name])
    for ours, theirs in zip(members(d_first), members(d_state_0), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("build", [b for b in BUILDS if b.layers == 2 and b.bidirectional], ids=str)
def test_dtype_is_kept_everywhere(build: Build, dtype: Any) -> None:
    rng = np.random.default_rng(5)
    weights = build.random_weights(rng, dtype=dtype)
    x = rng.normal(size=(T, B, D)).astype(dtype)
    state = build.random_state(rng, dtype=dtype) if build.state else None
    output, state_n, cache = build.module.forward(weights, x, state, **build.options)
    gradients, d_x, d_state_0 = build.module.backward(cache, np.ones(output.shape, dtype))
    arrays = [output, *members(state_n), *gradients.values(), d_x, *members(d_state_0)]
    for steps in cache.runs.values():
        arrays += [a for step in steps for a in step.saved if isinstance(a, np.ndarray)]
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}


@pytest.mark.parametrize("build", WITH_LENGTHS, ids=str)
def test_nothing_that_comes_in_is_changed_and_nothing_that_goes_out_is_shared(
    build: Build,
) -> None:
    run, untouched = Run(build), Run(build)
    output, state_n, gradients, d_x, d_state_0 = run()
    incoming = [*run.weights.values(), run.x, *members(run.state), run.d_output]
    incoming += members(run.d_state_n)
    before = [*untouched.weights.values(), untouched.x, *members(untouched.state)]
    before += [untouched.d_output, *members(untouched.d_state_n)]
    for now, then in zip(incoming, before, strict=True):
        np.testing.assert_array_equal(now, then)
    outgoing = [output, *members(state_n), *gradients.values(), d_x, *members(d_state_0)]
    for i, a in enumerate(outgoing):
        for b in incoming + outgoing[i + 1 :]:
            assert not np.shares_memory(a, b)


@pytest.mark.parametrize("build", FULL, ids=str)
def test_gradients_left_out_are_zero(build: Build) -> None:
    run = Run(build)
    _, _, cache = build.module.forward(run.weights, run.x, run.state, **build.options)
    backward = build.module.backward
    of_state = backward(cache, None, run.d_state_n)
    of_output = backward(cache, run.d_output)
    both = backward(cache, run.d_output, run.d_state_n)
    for name in run.weights:  # a derivative is linear in what arrives
        close(of_state[0][name] + of_output[0][name], both[0][name])
    close(of_state[1] + of_output[1], both[1])


@pytest.mark.parametrize("build", FULL, ids=str)
def test_backward_may_be_called_again(build: Build) -> None:
    run = Run(build)
    _, _, cache = build.module.forward(run.weights, run.x, run.state, **build.options)
    first = build.module.backward(cache, run.d_output, run.d_state_n)
    second = build.module.backward(cache, run.d_output, run.d_state_n)
    for name in run.weights:
        np.testing.assert_array_equal(first[0][name], second[0][name])
    np.testing.assert_array_equal(first[1], second[1])


def test_gates_saturate_without_a_warning() -> None:
    for build in FULL:
        run = Run(build)
        if build.nonlinearity == "relu":
            continue  # has no saturation to test
        run.x = run.x * 1e4
        output, _, gradients, _, _ = run()
        assert np.isfinite(output).all()
        assert all(np.isfinite(g).all() for g in gradients.values())


def test_a_long_sequence_needs_no_recursion() -> None:
    build = Build("rnn")
    rng = np.random.default_rng(6)
    weights, x = build.random_weights(rng), rng.normal(size=(5000, 1, D))
    _, _, cache = build.module.forward(weights, x)
    d_output = np.zeros((5000, 1, H))
    d_output[0] = 1.0  # only the first step has a loss: its gradient is that of T = 1
    gradients, _, _ = build.module.backward(cache, d_output)
    _, _, cache = build.module.forward(weights, x[:1])
    alone, _, _ = build.module.backward(cache, d_output[:1])
    for name in weights:
        close(gradients[name], alone[name])
