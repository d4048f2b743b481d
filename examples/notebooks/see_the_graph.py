# %% [markdown]
# # See the graph
#
# A drawing that is the last line of a cell shows itself. Values go down, gradients come up. How to
# read the pictures: [See the graph](../../docs/see-the-graph.md).

# %%
import numpy as np

import tinygrad_rnn as tg

# %% [markdown]
# An expression, with the value and the gradient of each node:

# %%
a = tg.Value(-2.0, name="a")
b = tg.Value(3.0, name="b")
c = a * b + b**3
c.name = "c"
d = c.relu()
d.name = "d"
d.backward()

tg.draw(d)

# %% [markdown]
# A loop of one's own over fifty time steps, its step drawn once. The dashed arrow is the state, on
# its way from one step to the next:

# %%
rng = np.random.default_rng(0)
W = tg.Value(0.5 * np.eye(3), name="W")
h = np.zeros(3)
for t, x in enumerate(rng.normal(size=(50, 3))):
    with tg.time_step(t):
        h = np.tanh(W @ h + x)
loss = np.sum(h**2)
loss.name = "loss"
loss.backward()

tg.draw(loss, rolled=True)

# %% [markdown]
# Two layers of an LSTM, each time step as one node:

# %%
lstm = tg.nn.LSTM(2, 3, num_layers=2, generator=rng)
output, _ = lstm(rng.normal(size=(4, 1, 2)))  # (T, B, H)

tg.draw(output.sum(), depth=3, values=False, grads=False)

# %% [markdown]
# Try it: `depth=1`, `rolled=True` with `depth=2`, or `values=True` after `output.sum().backward()`.
# `tg.viz.stepper(loss, "page.html")` writes a page that goes through the loop forward and back.
