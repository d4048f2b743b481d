"""Windows: nothing skipped, nothing repeated, and a position one can go back to."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_rnn.data import Batches, Window, one_pass

sizes = st.integers(1, 5)
lengths = st.integers(2, 120)


def epoch_of(batches: Batches) -> list[Window]:
    return list(islice(batches, batches.windows_per_epoch))


def transitions(windows: list[Window]) -> Counter[tuple[int, int]]:
    """Count the pairs (input, target) of all windows."""
    return Counter(
        pair for w in windows for pair in zip(w.inputs.flat, w.targets.flat, strict=True)
    )


@given(lengths, sizes, sizes)
def test_lanes_reassemble_to_the_text(n: int, batch_size: int, seq_length: int) -> None:
    assume(n > batch_size * seq_length)
    ids = np.arange(n)  # all different: a place is its id
    windows = epoch_of(Batches(ids, batch_size, seq_length))
    for w in windows:
        for array in (w.inputs, w.targets):
            assert array.shape == (seq_length, batch_size)
            assert array.dtype == np.int64
            assert array.flags.c_contiguous
            assert array.flags.writeable
    assert [w.fresh for w in windows] == [True] + [False] * (len(windows) - 1)
    # One lane after the other, the windows' inputs are the text, but for the tail.
    lanes = np.concatenate([w.inputs for w in windows])  # (L, B)
    used = (n - 1) // (batch_size * seq_length) * batch_size * seq_length
    assert lanes.T.ravel().tolist() == ids[:used].tolist()
    assert n - 1 - used < batch_size * seq_length
    assert transitions(windows) == Counter((i, i + 1) for i in range(used))


@given(lengths, sizes, sizes)
def test_one_pass_sees_every_transition_once(n: int, batch_size: int, seq_length: int) -> None:
    windows = list(one_pass(np.arange(n), batch_size, seq_length))
    assert transitions(windows) == Counter((i, i + 1) for i in range(n - 1))
    assert sum(w.targets.size for w in windows) == n - 1
    assert all(len(w.inputs) <= seq_length for w in windows)
    assert {w.inputs.shape[1] for w in windows} <= {batch_size, 1}
    # Between two marks each lane goes on where it stopped.
    for before, after in pairwise(windows):
        if not after.fresh:
            assert after.inputs[0].tolist() == before.targets[-1].tolist()
            assert len(before.inputs) == seq_length
    assert windows[0].fresh


def test_windows_by_hand() -> None:
    batches = Batches([10, 11, 12, 13, 14, 15, 16, 17, 18, 19], batch_size=2, seq_length=2)
    assert batches.windows_per_epoch == 2
    first, second, third = islice(batches, 3)
    assert first.inputs.tolist() == [[10, 14], [11, 15]]
    assert first.targets.tolist() == [[11, 15], [12, 16]]
    assert second.inputs.tolist() == [[12, 16], [13, 17]]
    assert second.targets.tolist() == [[13, 17], [14, 18]]  # 18 → 19 is the tail
    assert [first.fresh, second.fresh, third.fresh] == [True, False, True]
    assert third.inputs.tolist() == first.inputs.tolist()
    assert (batches.epoch, batches.window) == (1, 1)


def test_just_enough_and_one_too_few() -> None:
    assert Batches(range(13), batch_size=3, seq_length=4).windows_per_epoch == 1
    with pytest.raises(ValueError, match=r"12 characters .* seq_length=4 × batch_size=3.* 13\n"):
        Batches(range(12), batch_size=3, seq_length=4)


def test_windows_are_the_callers_own() -> None:
    for batch_size in (1, 2):  # with one lane a transposed window could be a view
        ids = np.arange(9)
        window = next(Batches(ids, batch_size, 4))
        window.inputs[:] = window.targets[:] = -1
        for window in one_pass(ids, batch_size, 4):
            window.inputs[:] = window.targets[:] = -1
        assert ids.tolist() == list(range(9))


@given(st.integers(0, 40), st.integers(1, 12))
def test_a_position_can_be_gone_back_to(before: int, after: int) -> None:
    never_stopped = Batches(range(32), batch_size=2, seq_length=3)
    list(islice(never_stopped, before))
    state = json.loads(json.dumps(never_stopped.state_dict()))
    resumed = Batches(range(32), batch_size=2, seq_length=3)
    resumed.load_state_dict(state)
    for ours, theirs in islice(zip(resumed, never_stopped, strict=True), after):
        assert ours.fresh == theirs.fresh
        assert np.array_equal(ours.inputs, theirs.inputs)
        assert np.array_equal(ours.targets, theirs.targets)
    assert resumed.state_dict() == never_stopped.state_dict()
    assert divmod(before + after, 5) == (resumed.epoch, resumed.window)


def test_a_position_in_something_else_is_refused() -> None:
    batches = Batches(range(32), batch_size=2, seq_length=3)
    next(batches)
    before = batches.state_dict()
    other = Batches(range(33), batch_size=4, seq_length=3).state_dict()
    with pytest.raises(ValueError, match=r"'length' was 33, here it is 32\n.*'batch_size' was 4"):
        batches.load_state_dict(other)
    for wrong, said in (
        ({}, r"'epoch' is None"),
        (before | {"window": 5}, r"window 5 of 5"),
        (before | {"window": -1}, r"'window' is -1"),
        (before | {"epoch": 0.5}, r"'epoch' is 0\.5"),
        (before | {"lane": 1}, r"'lane' is unknown"),
    ):
        with pytest.raises(ValueError, match=said):
            batches.load_state_dict(wrong)
    assert batches.state_dict() == before


@pytest.mark.parametrize("make", [Batches, one_pass])
@pytest.mark.parametrize(
    ("ids", "batch_size", "seq_length", "error", "said"),
    [
        (range(99), 0, 5, ValueError, r"batch_size=0"),
        (range(99), 5, -1, ValueError, r"seq_length=-1"),
        (range(99), 2.0, 5, ValueError, r"batch_size=2\.0"),
        (range(99), "2", 5, TypeError, r"batch_size='2'"),
        (range(99), 2, None, TypeError, r"seq_length=None"),
        ("abc", 1, 1, ValueError, r"shape \(\)"),
        (list("abc"), 1, 1, TypeError, r"ids are <U1"),
        ([0.5, 1.5], 1, 1, TypeError, r"ids are float64"),
        (np.zeros((5, 2), int), 1, 1, ValueError, r"shape \(5, 2\)"),
        ([1], 1, 1, ValueError, r"1 characters"),
        ([], 1, 1, ValueError, r"0 characters"),
    ],
)
def test_what_cannot_be_cut(
    make: Any, ids: Any, batch_size: Any, seq_length: Any, error: type[Exception], said: str
) -> None:
    # At the call, not at the first window.
    with pytest.raises(error, match=said):
        make(ids, batch_size, seq_length)
