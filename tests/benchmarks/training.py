"""A whole training step: forward, backward, and Adam's update of the weights.

``step()`` returns the loss before its update and no gradients: that losses agree over several steps
shows that the weights do.
"""

from __future__ import annotations

import numpy as np

from .best import best
from .classic import gradients
from .problem import Arrays, Problem, Step

LR, BETA1, BETA2, EPS = 2e-3, 0.9, 0.999, 1e-8


class AdamByHand:
    """Kingma & Ba (2015), algorithm 1, as a script writes it."""

    def __init__(self, weights: Arrays) -> None:
        self.weights, self.t = weights, 0
        self.m = [np.zeros_like(w) for w in weights]
        self.v = [np.zeros_like(w) for w in weights]

    def step(self, gradients: Arrays) -> None:
        self.t += 1
        for w, g, m, v in zip(self.weights, gradients, self.m, self.v, strict=True):
            m[...] = BETA1 * m + (1 - BETA1) * g
            v[...] = BETA2 * v + (1 - BETA2) * g * g
            m_hat, v_hat = m / (1 - BETA1**self.t), v / (1 - BETA2**self.t)
            w -= LR * m_hat / (np.sqrt(v_hat) + EPS)


def _by_hand(weights: Arrays, differentiate: Step) -> Step:
    adam = AdamByHand(weights)

    def step():
        loss, grads = differentiate()
        adam.step(grads)
        return loss, ()

    return step


def classic_adam(p: Problem) -> Step:
    weights = p.weights()
    return _by_hand(weights, lambda: gradients(p, weights))


def best_adam(p: Problem) -> Step:
    weights = p.weights()
    return _by_hand(weights, best(p, weights))


def torch_adam(p: Problem) -> Step:
    import torch

    from .frameworks import torch_model

    layer, head, loss = torch_model(p)
    # A script has one bias where torch's layer has two: both would move.
    parameters = [q for name, q in layer.named_parameters() if name != "bias_hh_l0"]
    adam = torch.optim.Adam([*parameters, *head.parameters()], LR, (BETA1, BETA2), EPS)

    def step():
        adam.zero_grad()
        value = loss()
        value.backward()
        adam.step()
        return value.item(), ()

    return step


def _ours(model) -> Step:
    import tinygrad_rnn as tg

    adam = tg.optim.Adam(
        [q for q in model.parameters if q.name != "bias_hh_l0"],
        lr=LR,
        betas=(BETA1, BETA2),
        eps=EPS,
    )

    def step():
        adam.zero_grad()
        value = model.loss(model.inputs, model.targets)
        value.backward(retain_grad=False)
        adam.step()
        return value.item(), ()

    return step


def eager_layer_adam(p: Problem) -> Step:
    from .ours import layer_model

    return _ours(layer_model(p))


def eager_loop_adam(p: Problem) -> Step:
    from .ours import loop_model

    return _ours(loop_model(p))


def compiled_layer_adam(p: Problem) -> Step:
    from .ours import compiled, layer_model

    return _ours(compiled(layer_model(p)))


def compiled_loop_adam(p: Problem) -> Step:
    from .ours import compiled, loop_model

    return _ours(compiled(loop_model(p)))


def watched_layer_adam(p: Problem) -> Step:
    """The eager layer while `tg.debug` looks at every op."""
    import tinygrad_rnn as tg

    step = eager_layer_adam(p)

    def watched():
        with tg.debug():
            return step()

    return watched
