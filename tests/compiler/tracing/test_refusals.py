"""What a function may not do while it is traced: it is told so, also where it would not ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

W = tg.Value(np.eye(3), name="W")


def swallows(x: Any) -> Any:
    y = np.sum(W @ x)
    try:
        scale = float(y)
    except Exception:  # which a stand-in gets into, and an array does not
        scale = 1.0
    return scale * y


def looks_up(x: Any) -> Any:
    return W[{0.0: 0, 1.0: 1}.get(x[0], 2)]


def counts_members(x: Any) -> Any:
    return len({x[0], x[1]}) * np.sum(W)


@pytest.mark.parametrize("fn", [swallows, looks_up, counts_members])
def test_a_function_that_would_go_another_way_than_with_arrays_is_refused(fn: Any) -> None:
    with pytest.raises(tg.CaptureError, match="numbers are not known yet"):
        tg.compile(fn)(np.ones(3))


def test_an_error_of_the_function_itself_may_be_caught() -> None:
    def tries(x: Any) -> Any:
        try:
            return W @ np.ones(2) + x
        except ValueError:
            return W @ x

    np.testing.assert_array_equal(tg.compile(tries)(np.ones(3)).data, np.ones(3))


def test_values_are_keys_of_dicts_as_they_are_eagerly() -> None:
    def tied(x: Any) -> Any:
        h = W @ x
        return {h: np.sum(h)}[h]

    assert float(tg.compile(tied)(np.ones(3))) == float(tied(np.ones(3))) == 3.0


def collects(x: Any) -> Any:
    rows = np.zeros((2, 3))
    for t in range(2):
        rows[t] = W @ x
    return np.sum(rows)


def one_hot_by_hand(x: Any) -> Any:
    row = np.zeros(3)
    row[x.astype(int)] = 1
    return W @ row


@pytest.mark.parametrize(
    ("fn", "what", "fix"),
    [
        (collects, r"array\[t\] = v", "np.stack"),
        (one_hot_by_hand, r"array\[v\]", "one_hot"),
        (lambda x: np.sum(W[np.nonzero(x > 0)[0]]), "np.nonzero of an array", "keep the shape"),
        (lambda x: np.sum(W[np.where(x > 0)[0]]), "np.where of an array", "keep the shape"),
        (lambda x: W @ np.modf(x)[0], "np.modf of an array", "outside"),
        (lambda x: np.copyto(np.zeros(3), x), r"np.copyto\(…\) changes an array in place", "np.w"),
        (lambda x: f"{np.sum(W @ x):.3f}", "f'{v:.3f}' of a Value", "return what you want"),
        (lambda x: x[: int(np.sum(x))] * W[0, 0], r"int\(v\) of a Value", "a Python number"),
    ],
)
def test_a_refusal_names_what_was_done_and_what_to_do(fn: Any, what: str, fix: str) -> None:
    with pytest.raises(tg.CaptureError, match=what) as caught:
        tg.compile(fn)(np.ones(3))
    assert "\n  why: " in str(caught.value)
    assert fix in str(caught.value).partition("\n  fix: ")[2]
