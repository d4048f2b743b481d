"""Optimisers, schedules and clipping beside PyTorch's, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.optim.weights import CASES, Weight, make
from tinygrad_rnn import optim

torch: Any = pytest.importorskip("torch")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_thirty_steps(case: str, dtype: type, tolerance: float) -> None:
    kind, options = CASES[case]
    rng = np.random.default_rng(5)
    start = [rng.standard_normal(shape).astype(dtype) for shape in ((3, 4), (4,), ())]
    ours = [Weight(a.copy()) for a in start]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]
    mine = make(case, ours)
    reference = getattr(torch.optim, kind.__name__)(theirs, **options)
    for t in range(30):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            g = (rng.standard_normal(a.data.shape) * 10.0 ** (t % 4 - 2)).astype(dtype)
            skipped = (t + i) % 5 == 0
            a.grad = None if skipped else np.asarray(g)
            b.grad = None if skipped else torch.tensor(g)
        mine.step()
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_defaults(kind: str) -> None:
    mine = getattr(optim, kind)([Weight(np.ones(1))]).options
    theirs = getattr(torch.optim, kind)([torch.nn.Parameter(torch.ones(1))]).defaults
    assert mine == {name: theirs[name] for name in mine}


def schedule(module: Any, name: str, optimizer: Any) -> Any:
    if name == "warm-up, cosine":
        parts = [
            module.LinearLR(optimizer, start_factor=0.1, total_iters=5),
            module.CosineAnnealingLR(optimizer, T_max=9, eta_min=0.01),
        ]
        return module.SequentialLR(optimizer, parts, milestones=[5])
    options: dict[str, Any] = {
        "LambdaLR": {"lr_lambda": lambda t: 0.9**t / (1 + t)},
        "StepLR": {"step_size": 4, "gamma": 0.3},
        "ExponentialLR": {"gamma": 0.93},
        "LinearLR": {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 7},
        "CosineAnnealingLR": {"T_max": 8, "eta_min": 0.02},
    }[name]
    return getattr(module, name)(optimizer, **options)


@pytest.mark.parametrize(
    "name",
    ["LambdaLR", "StepLR", "ExponentialLR", "LinearLR", "CosineAnnealingLR", "warm-up, cosine"],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_schedules(name: str) -> None:
    mine = optim.SGD([Weight(np.ones(1))], lr=0.5)
    theirs = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    ours, reference = (
        schedule(optim, name, mine),
        schedule(torch.optim.lr_scheduler, name, theirs),
    )
    for _ in range(20):
        assert mine.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-10, abs=1e-15)
        assert ours.get_last_lr() == pytest.approx(reference.get_last_lr(), rel=1e-10, abs=1e-15)
        mine.step()
        theirs.step()
        ours.step()
        reference.step()


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 100.0])
def test_clipping(norm_type: float, max_norm: float) -> None:
    rng = np.random.default_rng(6)
    grads = [rng.standard_normal(shape) for shape in ((3, 4), (4,), ())]
    ours = [Weight(np.zeros_like(g), np.array(g)) for g in grads]
    theirs = [torch.nn.Parameter(torch.zeros(np.shape(g), dtype=torch.float64)) for g in grads]
    for p, g in zip(theirs, grads, strict=True):
        p.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert optim.clip_grad_norm_(ours, max_norm, norm_type) == pytest.approx(float(norm), rel=1e-13)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-13)
    torch.nn.utils.clip_grad_value_(theirs, 0.1)
    optim.clip_grad_value_(ours, 0.1)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-13)
