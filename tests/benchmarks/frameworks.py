"""The same step in frameworks: torch cell by cell, torch's own layer, JAX compiled.

A missing framework is an ImportError, which the table reports as "not installed".
"""

from __future__ import annotations

import numpy as np

from .problem import Problem, Step


def torch_cells(p: Problem) -> Step:
    """The cell's equations in a loop, as a learner writes them."""
    import torch
    from torch.nn.functional import cross_entropy

    weights = [torch.tensor(w, requires_grad=True) for w in p.weights()]
    Wx, Wh, b, Wy, by = weights
    x, targets = torch.tensor(p.one_hot()), torch.tensor(p.targets)

    def step():
        for w in weights:
            w.grad = None
        h = c = torch.zeros(p.B, p.H)
        loss = 0.0
        for t in range(p.T):
            a = x[t] @ Wx + h @ Wh + b
            if p.cell == "rnn":
                h = torch.tanh(a)
            else:
                i, f, g, o = a.chunk(4, dim=1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            loss = loss + cross_entropy(h @ Wy + by, targets[t])
        loss = loss / p.T
        loss.backward()
        return loss.item(), tuple(w.grad.numpy() for w in weights)

    return step


def torch_model(p: Problem):
    """Return torch's layer and head with the problem's weights, and a function for the loss."""
    import torch
    from torch.nn.functional import cross_entropy

    Wx, Wh, b, Wy, by = map(torch.tensor, p.weights())
    layer = (torch.nn.RNN if p.cell == "rnn" else torch.nn.LSTM)(p.V, p.H)
    head = torch.nn.Linear(p.H, p.V)
    layer.load_state_dict(
        {
            "weight_ih_l0": Wx.T,
            "weight_hh_l0": Wh.T,
            "bias_ih_l0": b,
            "bias_hh_l0": torch.zeros_like(b),
        }
    )
    head.load_state_dict({"weight": Wy.T, "bias": by})
    x, targets = torch.tensor(p.one_hot()), torch.tensor(p.targets).flatten()

    def loss():
        output, _ = layer(x)
        return cross_entropy(head(output).flatten(0, 1), targets)

    return layer, head, loss


def torch_layer(p: Problem) -> Step:
    """torch.nn.RNN or LSTM, whose recurrence is one fused call."""
    layer, head, loss = torch_model(p)

    def step():
        layer.zero_grad()
        head.zero_grad()
        value = loss()
        value.backward()
        dWx, dWh, db = (
            getattr(layer, name).grad.numpy().T
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
        )
        return value.item(), (dWx, dWh, db, head.weight.grad.numpy().T, head.bias.grad.numpy())

    return step


def jax_jit(p: Problem) -> Step:
    """JAX: the loop as a scan, the step compiled once."""
    import jax
    import jax.numpy as jnp

    weights = tuple(map(jnp.asarray, p.weights()))
    x, targets = jnp.asarray(p.one_hot()), jnp.asarray(p.targets)
    zeros = jnp.asarray(p.zeros())

    def loss(weights, x, targets):
        Wx, Wh, b, Wy, by = weights

        def cell(state, x_t):
            h, c = state
            a = x_t @ Wx + h @ Wh + b
            if p.cell == "rnn":
                h = jnp.tanh(a)
            else:
                i, f, g, o = jnp.split(a, 4, axis=1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        _, h = jax.lax.scan(cell, (zeros, zeros), x)
        log_probability = jax.nn.log_softmax(h @ Wy + by)
        return -jnp.take_along_axis(log_probability, targets[..., None], axis=-1).mean()

    compiled = jax.jit(jax.value_and_grad(loss))

    def step():
        value, gradients = jax.block_until_ready(compiled(weights, x, targets))
        return float(value), tuple(map(np.asarray, gradients))

    return step
