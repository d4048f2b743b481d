# %% [markdown]
# # An op of your own, inside an LSTM
#
# *Softsign*, x / (1 + |x|), is a curve like tanh that needs no exponential. The engine does not
# have it. Here it becomes an op: two functions, then a check, then it takes the place of tanh in
# an LSTM. The long form, with everything that can go wrong: [Write your own
# op](../../docs/write-your-own-op.md).

# %%
import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.extend import check_op, primitive

# %% [markdown]
# The first function computes. The second goes back: given g, the gradient that arrives at y, what
# is the gradient of x? It is g times the slope, 1 / (1 + |x|)².


# %%
@primitive(elementwise=True)
def softsign(x):
    """y = x / (1 + |x|)"""
    return x / (1 + abs(x))


@softsign.vjp
def _(g, y, x):
    """dx = g / (1 + |x|)²"""
    return g / (1 + abs(x)) ** 2


softsign(tg.Value([-3.0, 0.0, 1.0]))

# %% [markdown]
# Is the slope right? `check_op` looks for all that can be wrong with an op: the first and the
# second derivative by differences, float32, memory layout, shapes, what a ten times larger input
# does …

# %%
report = check_op(softsign, np.array([-3.0, 0.5, 1.0]))
print(report.ok)

# %% [markdown]
# It would have noticed. The same op, with the square forgotten:


# %%
@primitive(elementwise=True)
def hasty(x):
    """y = x / (1 + |x|)"""
    return x / (1 + abs(x))


@hasty.vjp
def _(g, y, x):
    """dx = g / (1 + |x|), which is wrong"""
    return g / (1 + abs(x))


try:
    check_op(hasty, np.array([-3.0, 0.5, 1.0]))
except tg.check.OpCheckError as error:
    print(error)

# %% [markdown]
# Now a cell: the LSTM of the textbook, with softsign twice where tanh was. `Module` finds the
# weights by itself. There is no derivative to write, neither of the step nor through time.


# %%
class SoftsignLSTM(tg.nn.Module):
    """An LSTM with softsign in place of tanh."""

    def __init__(self, D, H, generator):
        self.W = tg.Value(generator.normal(size=(4 * H, D)) * 0.4, name="W")
        self.U = tg.Value(generator.normal(size=(4 * H, H)) * 0.4, name="U")
        self.b = tg.Value(np.zeros(4 * H), name="b")
        self.H = H

    def forward(self, xs):
        h = c = np.zeros((xs.shape[1], self.H))  # (B, H)
        states = []
        for t, x in enumerate(xs):
            with tg.time_step(t):  # for the drawing: every node knows its step
                a = x @ self.W.T + h @ self.U.T + self.b  # (B, 4H)
                i, f, g, o = tg.split(a, 4, axis=-1)  # (B, H) each
                c = tg.sigmoid(f) * c + tg.sigmoid(i) * softsign(g)
                h = tg.sigmoid(o) * softsign(c)
            states.append(h)
        return tg.stack(states)  # (T, B, H)


rng = np.random.default_rng(0)
net = SoftsignLSTM(2, 3, rng)
xs = rng.normal(size=(5, 1, 2))  # (T, B, D)
print(tg.check.gradcheck(lambda xs: net(xs), xs))

# %% [markdown]
# In the drawing the new op has its formula like any other (one step, drawn once for all five):

# %%
loss = (net(xs) ** 2).sum()
loss.backward()
tg.draw(loss, rolled=True, values=False, grads=False)

# %% [markdown]
# And it learns. The task: add up the first column of five inputs.

# %%
head = tg.nn.Linear(3, 1, generator=rng)
optimizer = tg.optim.Adam([*net.parameters(), *head.parameters()], lr=0.02)
for step in range(1, 301):
    xs = rng.normal(size=(5, 64, 2))
    wanted = xs[:, :, :1].sum(axis=0)  # (B, 1)
    loss = tg.mse(head(net(xs)[-1]), wanted)
    optimizer.zero_grad()
    loss.backward(retain_grad=False)
    optimizer.step()
    if step in (1, 100, 300):
        print(f"step {step:3d}  loss {float(loss):.3f}")
