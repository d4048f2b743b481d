# %% [markdown]
# # One step, number by number
#
# The smallest recurrent net that has everything: four characters, three hidden units, one step. It
# reads character 2 and is to answer 3. A public notebook goes through it cell by cell, forwards
# and back; here the same numbers come out of a graph. Then we make the two slips by which that
# notebook prints gradients that are too large, and let the doctor find them.
#
# The weights are the ones printed there, which are rounded. So results agree to about as many
# digits.

# %%
import numpy as np

import tinygrad_rnn as tg

np.set_printoptions(linewidth=96)

WEIGHTS = {
    "Wxh": np.array(
        [
            [-1.36458834e-03, 1.10118612e-02, -4.54390582e-03, 4.92045527e-03],
            [1.13343035e-02, -6.62299760e-03, -7.77568912e-03, 1.52714559e-02],
            [-1.12811396e-02, 3.55922825e-05, -3.11710168e-02, 3.23161113e-02],
        ]
    ),
    "Whh": np.array(
        [
            [-0.00079653, -0.00196604, -0.01944714],
            [-0.00086006, 0.00289614, -0.0056044],
            [-0.01720294, 0.00805431, -0.00951426],
        ]
    ),
    "Why": np.array(
        [
            [-0.012362, -0.00467771, -0.00561026],
            [0.00035526, -0.00330591, -0.0058389],
            [-0.01553049, -0.01051185, -0.00296599],
            [-0.00112019, -0.01283274, -0.01498699],
        ]
    ),
    "bh": np.zeros((3, 1)),
    "by": np.zeros((4, 1)),
}
V, H = 4, 3
READS, ANSWER = 2, 3

# %% [markdown]
# ## Forwards
#
# One character is a column of V numbers, one of them 1. The state before the first step is zero.
# This is NumPy and nothing else:


# %%
def one_hot(k):
    """Return a column with a 1 in row k."""
    x = np.zeros((V, 1))
    x[k] = 1.0
    return x


def one_step(Wxh, Whh, Why, bh, by, h_before):
    """Return state, logits, probabilities and loss."""
    h = np.tanh(Wxh @ one_hot(READS) + Whh @ h_before + bh)  # (H, 1)
    y = Why @ h + by  # (V, 1)
    p = np.exp(y) / np.sum(np.exp(y))  # (V, 1)
    return h, y, p, -np.log(p[ANSWER, 0])


h, y, p, loss = one_step(**WEIGHTS, h_before=np.zeros((H, 1)))
print("h   ", h[:, 0])
print("p   ", p[:, 0])
print(f"loss {loss:.6f}, and log 4 is {np.log(4):.6f}")

# %% [markdown]
# Weights that small leave all four characters about as likely: the loss is that of a guess.
#
# ## Back
#
# The function is not changed. It is given Values instead of arrays, so each line leaves nodes of a
# graph behind, and `backward` goes through them:

# %%
values = {name: tg.Value(w.copy(), name=name) for name, w in WEIGHTS.items()}
h_before = tg.Value(np.zeros((H, 1)), name="h before")
h, y, p, loss = one_step(**values, h_before=h_before)
loss.backward()

raw = h.inputs[0]  # what tanh was applied to: a Value knows what it was made from
dh_next = h_before.grad
print("dy     ", y.grad[:, 0])
print("dWhy[3]", values["Why"].grad[3])
print("dh     ", h.grad[:, 0])
print("dh_raw ", raw.grad[:, 0])
print("dh_next", dh_next[:, 0])

# %% [markdown]
# These are the five arrays that one computes by hand on the way: `dy` is p − 1 at the answer and p
# elsewhere, `dh_raw` is `dh` times the slope 1 − h² of tanh, and `dh_next` is what a step before
# this one would be handed. The same once more, as a picture. Values go down, gradients come up:

# %%
tg.draw(loss)

# %% [markdown]
# One weight learns nothing. `Whh` was multiplied by a state of zeros, so its gradient is zero
# however wrong the answer is; in a text it begins to learn with the second character.

# %%
print(values["Whh"].grad)

# %% [markdown]
# ## By hand, with a cell run too often
#
# In a notebook one collects gradients with `+=`, each in a cell of its own. A cell that is run
# twice has added twice. Below, each function stands for such a cell; the second was run two times
# in all, the third thirteen times.

# %%
grads = {name: np.zeros_like(w) for name, w in WEIGHTS.items()}
state, _, answer, _ = one_step(**WEIGHTS, h_before=np.zeros((H, 1)))
d_logits = answer - one_hot(ANSWER)  # (V, 1)
d_state = WEIGHTS["Why"].T @ d_logits  # (H, 1)
d_raw = (1 - state**2) * d_state  # (H, 1)


def cell_of_the_output():
    """Add the gradients of the two weights above the state."""
    grads["Why"] += d_logits @ state.T
    grads["by"] += d_logits


def cell_of_the_bias():
    """Add the gradient of the hidden bias."""
    grads["bh"] += d_raw


def cell_of_the_matrices():
    """Add the gradients of the two weights below the state."""
    grads["Wxh"] += d_raw @ one_hot(READS).T
    grads["Whh"] += d_raw @ np.zeros((1, H))


for cell, times in ((cell_of_the_output, 1), (cell_of_the_bias, 2), (cell_of_the_matrices, 13)):
    for _ in range(times):
        cell()

print("dbh    ", grads["bh"][:, 0])
print("dWxh, column 2", grads["Wxh"][:, READS])

# %% [markdown]
# Nothing about these numbers looks wrong: shapes, signs and places are right. Held against the
# graph they are not. The doctor recomputes the gradient under the mistakes that it knows, and says
# which of them gives the numbers at hand:

# %%
swept = {name: v.grad for name, v in values.items()}
for v in values.values():
    v.grad = None
diagnosis = tg.check.diagnose(grads, loss, values)
print(diagnosis)

# %% [markdown]
# ## The same slip with a graph
#
# A graph does not save one from it. `backward` adds to what a leaf holds, as `+=` does, so that
# losses of several batches can be collected. If it is called twice, and nobody has set the
# gradients to None in between, all of them count twice:

# %%
loss.backward()
loss.backward()
twice = {name: v.grad for name, v in values.items()}
again = tg.check.diagnose(twice, loss, values)
print(again)
