# %% [markdown]
# # A cell of one's own: a stacked LSTM with ReLU
#
# What if an LSTM had max(a, 0) wherever the textbook has tanh? A public notebook sets that aside
# as an exercise, stacked two high. One can guess why: four gates, two curves and two levels are a
# page of derivatives, with many places for a slip. Here the cell is the five lines that say what
# it computes, and then it is put on trial.

# %%
import numpy as np

import tinygrad_rnn as tg

# %% [markdown]
# A cell of one's own is a `Module`. Nothing is derived:


# %%
class ReluLSTMCell(tg.nn.Module):
    """A step of an LSTM with max(a, 0) where the textbook has tanh, twice."""

    def __init__(self, input_size, hidden_size, generator):
        G = 4 * hidden_size
        self.weight_ih = tg.Value(generator.normal(size=(G, input_size)) * 0.5)
        self.weight_hh = tg.Value(generator.normal(size=(G, hidden_size)) * 0.5)
        self.bias = tg.Value(generator.normal(size=G) * 0.5)

    def forward(self, x, state):
        h, c = state
        a = x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias
        i, f, g, o = tg.split(a, 4, axis=-1)  # (B, H) each
        c = tg.sigmoid(f) * c + tg.sigmoid(i) * tg.relu(g)  # (B, H)
        h = tg.sigmoid(o) * tg.relu(c)  # (B, H)
        return h, c


class Stack(tg.nn.Module):
    """Cells upon cells: each reads the states of the one below."""

    def __init__(self, input_size, hidden_size, levels, generator):
        sizes = [input_size] + [hidden_size] * (levels - 1)
        self.cells = [ReluLSTMCell(size, hidden_size, generator) for size in sizes]

    def forward(self, xs, states):
        states, output = list(states), []
        for t, x in enumerate(xs):
            with tg.time_step(t):
                for level, cell in enumerate(self.cells):
                    states[level] = cell(x, states[level])
                    x = states[level][0]
            output.append(x)
        return np.stack(output)  # (T, B, H)


T, B, D, H = 4, 2, 3, 3
rng = np.random.default_rng(5)
xs = rng.normal(size=(T, B, D))
first = [(rng.random((B, H)), rng.random((B, H))) for _ in range(2)]
weight_of_output = rng.normal(size=(T, B, H))  # some loss

stack = Stack(D, H, 2, rng)
loss = np.sum(stack(xs, first) * weight_of_output)
loss.backward()
print(stack)

# %% [markdown]
# Is it true? By hand, for comparison: a level of the stack is run backwards over time, and hands
# what its inputs owe to the level below. Both ReLUs have the slope 1 where they let something
# through, else 0. With c₀ ≥ 0 the second is never closed: no summand of c is negative.


# %%
def sigmoid(a):
    """σ(a)"""
    return 1 / (1 + np.exp(-a))


def level_forward(w, xs, h, c):
    """Run a level over time; keep what its backward pass needs."""
    saved = []
    for x in xs:
        i, f, g, o = np.split(x @ w["weight_ih"].T + h @ w["weight_hh"].T + w["bias"], 4, axis=1)
        i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
        h_before, c_before = h, c
        c = f * c + i * np.maximum(g, 0)
        h = o * np.maximum(c, 0)
        saved.append((x, h_before, c_before, i, f, g, o, c, h))
    return saved


def level_backward(w, saved, d_output):
    """Return the gradients of a level's weights, and those of its inputs."""
    grads = {name: np.zeros_like(a) for name, a in w.items()}
    d_xs, dh_later, dc_later = np.zeros((T, B, w["weight_ih"].shape[1])), 0.0, 0.0
    for t in reversed(range(T)):
        x, h_before, c_before, i, f, g, o, c, _ = saved[t]
        dh = d_output[t] + dh_later
        dc = dh * o * (c > 0) + dc_later
        do = dh * np.maximum(c, 0) * o * (1 - o)
        di = dc * np.maximum(g, 0) * i * (1 - i)
        df = dc * c_before * f * (1 - f)
        dg = dc * i * (g > 0)
        da = np.concatenate([di, df, dg, do], axis=1)  # (B, 4H)
        grads["weight_ih"] += da.T @ x
        grads["weight_hh"] += da.T @ h_before
        grads["bias"] += da.sum(axis=0)
        d_xs[t], dh_later, dc_later = da @ w["weight_ih"], da @ w["weight_hh"], dc * f
    return grads, d_xs


levels = [{name: p.data for name, p in cell.named_parameters()} for cell in stack.cells]
saved, below = [], xs
for w, (h, c) in zip(levels, first, strict=True):
    saved.append(level_forward(w, below, h, c))
    below = [step[-1] for step in saved[-1]]

by_hand, d_output = {}, weight_of_output
for level in (1, 0):
    grads, d_output = level_backward(levels[level], saved[level], d_output)
    by_hand |= {f"cells.{level}.{name}": g for name, g in grads.items()}

# %% [markdown]
# And measured, each of the weights a little up and a little down:

# %%
weights = dict(stack.named_parameters())


def loss_of(*arrays):
    """Compute the loss with these weights in place of the stack's own."""
    moved = Stack(D, H, 2, rng)
    moved.load_state_dict(dict(zip(weights, arrays, strict=True)))
    return np.sum(moved(xs, first) * weight_of_output)


measured = tg.check.numeric_gradient(loss_of, tuple(p.data for p in weights.values()))
witnesses = tg.check.compare_witnesses(
    {
        "autodiff": stack,
        "by hand": by_hand,
        "measured": dict(zip(weights, measured, strict=True)),
    }
)
print(witnesses)

# %% [markdown]
# The three agree. The derivative by the inputs is right as well, and so is the second derivative,
# which no one would like to write:

# %%
print(tg.check.gradcheck(lambda inputs: stack(inputs, first), xs, order=2))

# %% [markdown]
# It is drawn like any other net. Here are its cells, each as one node: one chain for each level,
# and at each step an arrow from the lower to the upper.

# %%
tg.draw(loss, depth=3, values=False, grads=False)
