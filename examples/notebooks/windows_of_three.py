# %% [markdown]
# # A right gradient: three characters, weights stored by input
#
# This page's net is found in a public notebook, too, and its backward pass is the one of the five
# in which nothing is wrong. It stores weights the other way round (`x @ Wxh`, one row per
# *input*), collects what goes back with its own bookkeeping, and divides by the number of steps.
# So there is something to understand here: why is it right?

# %%
import numpy as np

import tinygrad_rnn as tg

np.set_printoptions(linewidth=96, suppress=True)

text = "I am learning RNN"
vocabulary = sorted(set(text))
ids = [vocabulary.index(c) for c in text]
V, H, T = len(vocabulary), 4, 3
print(V, "characters:", vocabulary)

# %% [markdown]
# Windows of three, each with the window one character later as its targets. We look at the first:

# %%
windows = [(ids[i : i + T], ids[i + 1 : i + 1 + T]) for i in range(len(ids) - T)]
inputs, targets = windows[0]
print(repr("".join(vocabulary[k] for k in inputs)), "is to become", end=" ")
print(repr("".join(vocabulary[k] for k in targets)))

# %% [markdown]
# Every weight is drawn from a generator of the same seed and rounded to float32. So all of them
# begin with the same numbers: no good start for training, but no harm to a check of gradients.
# They are computed with in float64, so that nothing but this first rounding is lost.


# %%
def drawn(*shape):
    """Draw from the normal distribution, always from the beginning, and round to float32."""
    return np.random.RandomState(123).randn(*shape).astype(np.float32).astype(np.float64)


WEIGHTS = {
    "Wxh": drawn(V, H),
    "Whh": drawn(H, H),
    "Why": drawn(H, V),
    "bh": np.zeros((1, H)),
    "by": np.zeros((1, V)),
}

# %% [markdown]
# ## The graph's gradient
#
# The loop names its steps, so that we can ask later what each of them did.


# %%
def states_and_loss(Wxh, Whh, Why, bh, by):
    """Return the states and the mean loss of the three steps."""
    h, states, loss = np.zeros((1, H)), [], 0.0
    for t, (k, target) in enumerate(zip(inputs, targets, strict=True)):
        with tg.time_step(t):
            x = np.eye(V)[[k]]  # (1, V)
            h = np.tanh(x @ Wxh + h @ Whh + bh)  # (1, H)
            z = h @ Why + by  # (1, V)
            z = z - np.max(z)  # so that no exponential overflows
            p = np.exp(z) / np.sum(np.exp(z))  # (1, V)
            loss = loss - np.log(p[0, target])
            states.append(h)
    return states, loss / T


values = {name: tg.Value(w, name=name) for name, w in WEIGHTS.items()}
states, loss = states_and_loss(**values)
loss.backward()
print(f"loss {float(loss):.6f}")
print("dWxh[0]", values["Wxh"].grad[0])
print("dWhh[0]", values["Whh"].grad[0])
print("dbh    ", values["bh"].grad[0])

# %% [markdown]
# The rows of dWxh belong to characters. A character that was not read has a row of zeros:

# %%
for k in range(V):
    row = values["Wxh"].grad[k]
    if np.any(row):
        print(repr(vocabulary[k]), row)

# %% [markdown]
# ## By hand
#
# The unusual thing here is what is carried: not a gradient of a state, but `da_later`, the
# gradient at what tanh was applied to, one step later. Both uses of `h` are made up for with it,
# when its own step is reached: `da_later @ Whh.T` is what the later step hands down, and `h.T @
# da_later` is what it owes to `Whh`, since `h` is what `Whh` was multiplied by *there*.


# %%
def backward(weights):
    """Return the five gradients of the mean loss."""
    states, _ = states_and_loss(**weights)
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    da_later = np.zeros((1, H))
    for t in reversed(range(T)):
        h = states[t]  # (1, H)
        z = h @ weights["Why"] + weights["by"]
        p = np.exp(z - z.max()) / np.sum(np.exp(z - z.max()))
        dz = p - np.eye(V)[[targets[t]]]  # (1, V)
        grads["Why"] += h.T @ dz
        grads["by"] += dz
        grads["Whh"] += h.T @ da_later  # h_t with the δ of step t + 1
        dh = dz @ weights["Why"].T + da_later @ weights["Whh"].T  # (1, H)
        da = dh * (1 - h**2)  # (1, H)
        grads["Wxh"] += np.eye(V)[[inputs[t]]].T @ da
        grads["bh"] += da
        da_later = da
    return {name: g / T for name, g in grads.items()}


by_hand = backward(WEIGHTS)
swept = {name: v.grad for name, v in values.items()}
print(tg.check.compare(swept, by_hand, labels=("autodiff", "by hand")))

# %% [markdown]
# `h_t` in the line of `Whh`? In [another notebook](hello_world_in_rows.ipynb) the same letter is a
# mistake. There it meets the δ of its own step. Here it meets the δ of the step after it, so it
# *is* the state before, and only the sum is numbered in another way: by where the state comes
# from, not by where it is used. The ledger lists the terms by use:

# %%
led = tg.bptt.ledger(loss, values)
print(led["Whh"])

# %% [markdown]
# Three uses, of which the first gives nothing, since the first state is zero: that is the product
# which the code by hand never forms. The largest part, term by term:

# %%
for t, part in led["Whh"].by_step.items():
    print(f"use at t = {t}:", part[0])
print("sum:         ", sum(led["Whh"].by_step.values())[0])

# %% [markdown]
# A third witness needs no derivation at all:

# %%
measured = tg.check.numeric_gradient(lambda *w: states_and_loss(*w)[1], tuple(WEIGHTS.values()))
measured = dict(zip(WEIGHTS, measured, strict=True))
witnesses = {"autodiff": swept, "by hand": by_hand, "measured": measured}
witnesses_table = tg.check.compare_witnesses(witnesses)
print(witnesses_table)

# %% [markdown]
# And so the doctor has nothing to do:

# %%
diagnosis = tg.check.diagnose(by_hand, loss, values)
print(diagnosis)
