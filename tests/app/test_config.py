from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import optim
from tinygrad_rnn.app.config import LEARNING_RATES, OPTIONS, Config
from tinygrad_rnn.app.option import flag
from tinygrad_rnn.app.saved_state import OPTIMIZERS


def test_the_defaults_are_values_that_the_options_accept() -> None:
    config = Config()
    for name, option in OPTIONS.items():
        value = getattr(config, name)
        no_value = value is None and name in ("lr", "bptt")
        assert no_value or option.checked(value) == value, name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("cell", "transformer"),
        ("cell", 3),
        ("hidden", 0),
        ("hidden", -5),
        ("hidden", 2.5),
        ("hidden", True),
        ("hidden", "64"),
        ("layers", 0),
        ("seq_length", 0),
        ("bptt", "20"),
        ("bptt", "40,20"),
        ("bptt", (20, 40)),
        ("batch_size", 0),
        ("steps", 0),
        ("optimizer", "newton"),
        ("lr", 0.0),
        ("lr", -0.1),
        ("lr", math.nan),
        ("lr", math.inf),
        ("lr", True),
        ("clip", -1.0),
        ("clip", math.nan),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", math.nan),
        ("val_fraction", 1.0),
        ("val_fraction", None),
        ("seed", -1),
        ("dtype", "float16"),
        ("sample_every", -1),
        ("save_every", -1),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, wrong: Any) -> None:
    with pytest.raises(ValueError) as caught:
        Config(**{name: wrong})
    first, *rest = str(caught.value).splitlines()
    assert first.startswith(f"Config: {name}=") and OPTIONS[name].need in first
    assert rest[-1].startswith(f"  fix: write for example {name}=")


@pytest.mark.parametrize("name", OPTIONS)
def test_the_fix_that_an_error_proposes_works(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        Config(**{name: math.nan})
    proposed = str(caught.value).rpartition(f"{name}=")[2]
    Config(**{name: eval(proposed)})


def test_numpy_numbers_become_plain_ones() -> None:
    config = Config(hidden=np.int64(8), dropout=np.float32(0.5))
    assert type(config.hidden) is int and type(config.dropout) is float
    assert json.loads(json.dumps(dataclasses.asdict(config)))["hidden"] == 8


def test_options_survive_json() -> None:
    config = Config(lr=0.1 + 0.2, hidden=3, optimizer="sgd")
    assert Config(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


def test_every_optimizer_has_a_learning_rate_of_its_own() -> None:
    assert set(LEARNING_RATES) == set(OPTIMIZERS)
    assert {kind.__name__.lower() for kind in OPTIMIZERS.values()} == set(OPTIMIZERS)
    assert all(issubclass(kind, optim.Optimizer) for kind in OPTIMIZERS.values())
    for name, rate in LEARNING_RATES.items():
        assert Config(optimizer=name).learning_rate == rate
        assert Config(optimizer=name, lr=0.125).learning_rate == 0.125


def test_a_run_goes_on_with_new_training_options_but_the_same_model() -> None:
    before = Config(hidden=64, steps=100)
    after = before.continued({"steps": 200, "lr": 0.5, "clip": 1.0, "dropout": 0.1, "hidden": 64})
    assert (after.steps, after.lr, after.clip, after.dropout, after.hidden) == (
        200,
        0.5,
        1,
        0.1,
        64,
    )


@pytest.mark.parametrize(
    "name",
    [
        *("cell", "hidden", "layers", "seq_length", "bptt", "batch_size", "optimizer", "dtype"),
        "seed",
    ],
)
def test_a_run_cannot_go_on_with_another_model(name: str) -> None:
    others = {"cell": "gru", "optimizer": "sgd", "dtype": "float64", "bptt": "5,9"}
    with pytest.raises(ValueError, match=f"^{flag(name)} .* does not fit the checkpoint"):
        Config().continued({name: others.get(name, 3)})


def test_text_of_the_command_line_is_read_as_the_value_that_it_stands_for() -> None:
    assert OPTIONS["hidden"].parsed("64") == 64
    assert OPTIONS["lr"].parsed("2e-3") == 0.002
    for name, wrong in (("hidden", "64.0"), ("hidden", ""), ("lr", "nan"), ("lr", "1e999")):
        with pytest.raises(ValueError, match="is not a"):
            OPTIONS[name].parsed(wrong)
    with pytest.raises(ValueError) as caught:
        OPTIONS["hidden"].parsed("9" * 6000)
    assert len(str(caught.value)) < 100
