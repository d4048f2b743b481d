"""What optimisers refuse, and how they say it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.optim.weights import CASES, Weight, make
from tinygrad_rnn.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

REFUSED: list[tuple[type[Optimizer], dict[str, Any], type[Exception]]] = [
    (SGD, {"lr": -0.1}, ValueError),
    (SGD, {"lr": float("nan")}, ValueError),
    (SGD, {"lr": float("inf")}, ValueError),
    (SGD, {"lr": "0.1"}, TypeError),
    (SGD, {"lr": None}, TypeError),
    (SGD, {"lr": True}, TypeError),
    (SGD, {"lr": np.array([0.1])}, TypeError),
    (SGD, {"momentum": -0.5}, ValueError),
    (SGD, {"dampening": float("nan")}, ValueError),
    (SGD, {"weight_decay": -1e-4}, ValueError),
    (SGD, {"nesterov": 1}, TypeError),
    (Adagrad, {"lr_decay": -1.0}, ValueError),
    (Adagrad, {"initial_accumulator_value": -1.0}, ValueError),
    (Adagrad, {"eps": -1e-9}, ValueError),
    (RMSprop, {"alpha": 1.0}, ValueError),
    (RMSprop, {"alpha": -0.1}, ValueError),
    (RMSprop, {"centered": "no"}, TypeError),
    (RMSprop, {"momentum": float("inf")}, ValueError),
    (Adam, {"betas": (0.9, 1.0)}, ValueError),
    (Adam, {"betas": (-0.1, 0.9)}, ValueError),
    (Adam, {"betas": (0.9,)}, ValueError),
    (Adam, {"betas": (0.9, float("nan"))}, ValueError),
    (Adam, {"betas": 0.9}, TypeError),
    (Adam, {"betas": "ab"}, TypeError),
    (Adam, {"eps": float("nan")}, ValueError),
    (AdamW, {"weight_decay": float("inf")}, ValueError),
    (AdamW, {"amsgrad": 0}, TypeError),
]


@pytest.mark.parametrize(("kind", "options", "error"), REFUSED)
def test_an_option_that_makes_no_sense(
    kind: type[Optimizer], options: dict[str, Any], error: type[Exception]
) -> None:
    (name,) = options
    with pytest.raises(error) as caught:
        kind([Weight(np.ones(1))], **options)
    what, why, fix = str(caught.value).splitlines()
    assert what.startswith(f"{kind.__name__}: {name}=")
    assert why.startswith(f"  why: {name} is ")
    assert fix.startswith(f"  fix: write for example {name}=")


def test_options_are_checked_when_set_later_too() -> None:
    adam = Adam([Weight(np.ones(1))])
    with pytest.raises(ValueError, match=r"Adam: lr=-1\.0 cannot be used"):
        adam.lr = -1.0
    assert adam.lr == 1e-3
    adam.lr = np.float32(0.5)  # type: ignore[assignment]
    assert type(adam.lr) is float


def test_examples_in_errors_are_themselves_accepted() -> None:
    for case, (kind, _) in CASES.items():
        optimizer = make(case, [Weight(np.ones(1))])
        for name in optimizer.options:
            setattr(optimizer, name, vars_of(kind)[name].example)


def vars_of(kind: type) -> dict[str, Any]:
    return {name: thing for base in reversed(kind.__mro__) for name, thing in vars(base).items()}


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_undampened_momentum(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"nesterov=True with momentum="):
        SGD([Weight(np.ones(1))], nesterov=True, **options)


class Model:
    """Something with parameters, as a Module has."""

    def parameters(self) -> list[Weight]:
        return [Weight(np.ones(1))]


PARAMETER = Weight(np.ones(2))
READ_ONLY = np.ones(2)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("params", "error", "said"),
    [
        ([], ValueError, r"there is no parameter[\s\S]*generator"),
        ((p for p in ()), ValueError, r"there is no parameter"),
        (None, TypeError, r"params is NoneType"),
        (Model(), TypeError, r"params is Model[\s\S]*fix: pass .*model\.parameters\(\)"),
        ([Model()], TypeError, r"parameter 0 is Model[\s\S]*model\.parameters\(\)"),
        ({"w": PARAMETER}, TypeError, r"params is dict[\s\S]*params\.values\(\)"),
        ([("w", PARAMETER)], TypeError, r"parameter 0 is tuple[\s\S]*without their names"),
        ("weights", TypeError, r"parameter 0 is str"),
        (np.ones(2), TypeError, r"parameter 0 is float64"),
        ([PARAMETER, np.ones(2)], TypeError, r"parameter 1 is ndarray"),
        ([SimpleNamespace(data=[1.0], grad=None)], TypeError, r"data of parameter 0 is list"),
        ([Weight(np.ones(2, int))], TypeError, r"data of parameter 0 is int64, not floating"),
        ([Weight(np.ones(2, complex), name="z")], TypeError, r"parameter 0 \('z'\) is complex128"),
        ([Weight(READ_ONLY)], ValueError, r"parameter 0 is read-only"),
        (
            [PARAMETER, Weight(np.ones(2)), PARAMETER],
            ValueError,
            r"parameter 2 is the same obj.* 0",
        ),
    ],
)
def test_parameters_that_cannot_be_trained(params: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        SGD(params)
    assert [line[:7] for line in str(caught.value).splitlines()[1:]] == ["  why: ", "  fix: "]


def test_generators_and_single_parameters_are_accepted() -> None:
    assert len(SGD(w for w in [Weight(np.ones(1)), Weight(np.float32(1))]).params) == 2
    assert SGD(PARAMETER).params == [PARAMETER]


def test_repr_says_what_it_is() -> None:
    assert repr(SGD([PARAMETER], lr=0.5)) == (
        "SGD(1 parameter, lr=0.5, weight_decay=0.0, momentum=0.0, dampening=0.0, nesterov=False)"
    )


def test_a_wrong_state_is_refused_with_every_mismatch_at_once() -> None:
    adam = Adam([Weight(np.ones((2, 3)), name="w"), Weight(np.ones(3))])
    before = repr(adam.state_dict())
    state = Adam([Weight(np.ones((3, 2))), Weight(np.ones(3)), Weight(np.ones(1))]).state_dict()
    del state["state"][1]["exp_avg"]
    state["state"][1]["extra"] = np.ones(3)
    state["state"][1]["step"] = 1.5
    state["options"]["lr"] = -1.0
    state["options"]["momentum"] = 0.9
    del state["options"]["eps"]
    state["epoch"] = 3
    with pytest.raises(ValueError) as caught:
        adam.load_state_dict(state)
    text = str(caught.value)
    assert text.startswith("Adam: this state does not fit (11 mismatches); nothing was loaded\n")
    for said in (
        "'epoch' is unknown",
        "option 'eps' is missing",
        "option 'momentum' is unknown",
        "option lr=-1.0: it must be a finite number of at least 0",
        "it holds 3 parameters, there are 2",
        "there is no parameter 2",
        "parameter 0 ('w'): 'exp_avg' has shape (3, 2), the parameter (2, 3)",
        "parameter 0 ('w'): 'exp_avg_sq' has shape (3, 2), the parameter (2, 3)",
        "parameter 1: 'exp_avg' is missing",
        "parameter 1: 'extra' is unknown",
        "parameter 1: 'step' is float",
    ):
        assert f"  where: {said}\n" in text
    assert repr(adam.state_dict()) == before


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, r"'state' is missing[\s\S]*'options' is missing"),
        ({"state": {}, "options": SGD([PARAMETER]).options}, r"it holds 0 parameters, there are 1"),
        (SGD([PARAMETER], momentum=0.9).state_dict() | {"state": {0: {"step": 1}}}, r"'momentum_b"),
        (Adam([PARAMETER]).state_dict(), r"option 'betas' is unknown"),
        (
            {"state": {0: {"step": -1}}, "options": SGD([PARAMETER]).options},
            r"parameter 0: 'step' is -1\n",
        ),
    ],
)
def test_a_state_of_something_else(state: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SGD([PARAMETER]).load_state_dict(state)


def test_amsgrad_comes_with_the_state_and_can_be_turned_on_on_the_way() -> None:
    with_it, without = Weight(np.ones(2)), Weight(np.ones(2))
    first, second = Adam([with_it], amsgrad=True), Adam([without])
    second.load_state_dict(first.state_dict())
    assert second.amsgrad
    third = Adam([Weight(np.ones(2), np.ones(2))])
    third.step()
    third.amsgrad = True
    third.step()
    assert third.state[0].keys() == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
