"""Training is compiled: the same curve as op by op, and a reason where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.app.small import TEXT
from tinygrad_rnn.app import window_computing
from tinygrad_rnn.app.config import Config
from tinygrad_rnn.app.training import Training
from tinygrad_rnn.compiler import CaptureError, Compiled


def curve(text: str, steps: int, eager: bool, **options: object) -> tuple[list[float], Training]:
    training = Training(Config(eager=eager, steps=steps, **options), text)  # type: ignore[arg-type]
    return [training.advance().loss for _ in range(steps)], training


SMALL = {"hidden": 12, "batch_size": 4, "seq_length": 7}


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm"},
        {"cell": "gru", "layers": 2, "dropout": 0.3},
        {"cell": "rnn", "dtype": "float64", "optimizer": "sgd"},
        {"cell": "lstm", "bptt": "3,8", "seq_length": 50},
    ],
    ids=str,
)
def test_the_curve_is_that_of_op_by_op(options: dict[str, object]) -> None:
    options = SMALL | options
    compiled, run = curve(TEXT, 30, False, **options)
    eager, other = curve(TEXT, 30, True, **options)
    np.testing.assert_allclose(compiled, eager, rtol=0, atol=1e-4)
    assert compiled[-1] < compiled[0]
    assert run.computing.reason == other.computing.reason == ""
    assert isinstance(run.computing.loss, Compiled) and not isinstance(
        other.computing.loss, Compiled
    )
    assert sum(map(len, run.computing.loss.traces.values())) == 1


def test_what_cannot_be_compiled_is_computed_op_by_op_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise CaptureError("it looks at a number\n  why: …")

    expected, _ = curve(TEXT, 3, True, **SMALL)
    monkeypatch.setattr(window_computing, "compile", lambda _: refuse)
    losses, training = curve(TEXT, 3, False, **SMALL)
    assert losses == expected and training.computing.reason == "it looks at a number"


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_validation_is_that_of_op_by_op(cell: str) -> None:
    text = TEXT * (1 + 6000 // len(TEXT))
    losses = []
    for eager in (False, True):
        options = SMALL | {"cell": cell, "layers": 2, "dropout": 0.2, "val_fraction": 0.3}
        _, training = curve(text, 3, eager, **options)
        before = training.validation_loss()
        training.advance()
        losses.append((before, training.validation_loss()))
        scoring = training.computing.scoring
        assert isinstance(scoring, Compiled) is not eager
        assert eager or sum(map(len, scoring.traces.values())) == 1
        assert training.model.training
    np.testing.assert_allclose(*losses, rtol=0, atol=1e-6)
    assert losses[0][0] != losses[0][1]


def test_a_short_text_to_validate_with_is_not_worth_tracing() -> None:
    _, training = curve(TEXT, 1, False, **SMALL, val_fraction=0.1)
    assert training.validation_loss() is not None
    assert not isinstance(training.computing.scoring, Compiled)


def test_what_cannot_be_compiled_of_validation_is_computed_op_by_op(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise CaptureError("it looks at a number\n  why: …")

    text = TEXT * (1 + 6000 // len(TEXT))
    _, training = curve(text, 1, True, **SMALL, val_fraction=0.3)
    expected = training.validation_loss()
    training.computing.scoring = refuse  # type: ignore[assignment]
    assert training.validation_loss() == expected
    assert training.computing.reason == "it looks at a number"
