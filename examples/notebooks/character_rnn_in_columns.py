# %% [markdown]
# # A character RNN in column vectors, with Adam and clipping
#
# The classic way to write a character RNN in NumPy: one-hot columns, `Wxh @ x + Whh @ h + bh`, a
# softmax, a loop back through time, gradients clipped to ±5, Adam, and a state that is carried
# from one piece of text to the next. A public notebook writes all of it by hand, and cannot have
# run its backward pass. Here the forward pass is written in that way and left as it is; gradients
# come from the graph. A backward pass is written only for the doctor, who is to find what is wrong
# with it.

# %%
import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.app.cli import main

np.set_printoptions(linewidth=96)

WEIGHTS = {
    "Wxh": np.array(
        [
            [-0.0246867, -0.01388412, -0.01374919, -0.00191876],
            [-0.01397797, 0.00897254, -0.01009596, -0.00666188],
            [0.00431107, 0.00232595, -0.01185167, -0.00438465],
        ]
    ),
    "Whh": np.array(
        [
            [-0.00915568, 0.00113654, 0.01755194],
            [-0.00070391, 0.00096014, -0.00965476],
            [0.00554101, -0.00473686, -0.00104836],
        ]
    ),
    "bh": np.zeros((3, 1)),
    "Why": np.array(
        [
            [-0.0064983, 0.01020995, -0.00232772],
            [-0.0039177, 0.0006422, -0.00051127],
            [-0.00115289, -0.0075742, -0.001058],
            [-0.00283878, -0.01293675, -0.0020665],
        ]
    ),
    "by": np.zeros((4, 1)),
}

# %% [markdown]
# ## The forward pass, in NumPy


# %%
def one_hot(k, V):
    """Return a column with a 1 in row k."""
    x = np.zeros((V, 1))
    x[k] = 1.0
    return x


def forward(Wxh, Whh, bh, Why, by, inputs, h):
    """Return states, logits and probabilities of each step."""
    hs, ys, ps = [], [], []
    for k in inputs:
        x = one_hot(k, Wxh.shape[1])  # (V, 1)
        h = np.tanh(Wxh @ x + Whh @ h + bh)  # (H, 1)
        y = Why @ h + by  # (V, 1)
        hs.append(h)
        ys.append(y)
        ps.append(np.exp(y) / np.sum(np.exp(y)))  # (V, 1)
    return hs, ys, ps


hs, ys, ps = forward(**WEIGHTS, inputs=[1, 2, 3], h=np.zeros((3, 1)))
for t in range(3):
    print(f"step {t}  h", hs[t][:, 0])
print("logits of step 0", ys[0][:, 0])
print("p of step 0     ", ps[0][:, 0])

# %% [markdown]
# ## The same on Values
#
# The function is handed Values instead of arrays, and has not changed by a letter. What NumPy
# computes on them is recorded, so the loss knows its gradient. As always there is a witness that
# needs no derivative:


# %%
def loss_of(Wxh, Whh, bh, Why, by, inputs, targets, h):
    """Return the loss, summed over the steps."""
    _, _, ps = forward(Wxh, Whh, bh, Why, by, inputs, h)
    return sum(-np.log(p[target, 0]) for p, target in zip(ps, targets, strict=True))


text = {"inputs": [1, 2, 3], "targets": [2, 3, 0], "h": np.zeros((3, 1))}
values = {name: tg.Value(w.copy(), name=name) for name, w in WEIGHTS.items()}
loss = loss_of(**values, **text)
loss.backward()
swept = {name: v.grad for name, v in values.items()}

measured = tg.check.numeric_gradient(lambda *w: loss_of(*w, **text), tuple(WEIGHTS.values()))
measured = dict(zip(WEIGHTS, measured, strict=True))
print(f"loss {float(loss):.6f}")
labels = ("autodiff", "measured")
print(tg.check.compare(swept, measured, tolerance=1e-7, labels=labels))

# %% [markdown]
# ## What can overflow, and what the logarithm hides
#
# e¹⁰⁰⁰ is beyond what a float can hold, so a softmax written like this fails once the logits are
# large. The library's subtracts the largest logit first; it has the same derivative.

# %%
large = np.array([1000.0, 0.0, 0.0, 0.0])
with np.errstate(over="ignore", invalid="ignore"):
    print("as written:", np.exp(large) / np.sum(np.exp(large)))
print("tg.softmax:", tg.softmax(large))

# %% [markdown]
# One also sees `-np.log(p + 1e-12)`, so that no logarithm of zero is taken. That is another loss,
# with another gradient. The line `p - 1 at the target` differentiates the loss without it. As long
# as p is large one does not notice; where the net is most wrong, and has most to learn, the two
# gradients differ:


# %%
def guarded(y):
    """Return the loss with a small number inside of the logarithm."""
    return -np.log((np.exp(y) / np.sum(np.exp(y)))[1] + 1e-12)


for logit in (0.0, -20.0, -26.0, -30.0):
    y = np.array([0.0, logit])
    p = np.exp(y) / np.sum(np.exp(y))
    by_rule, in_truth = p[1] - 1, tg.grad(guarded)(y)[1]
    print(f"p = {p[1]:.0e}:  by the rule {by_rule:.4f}, in truth {in_truth:.4f}")

# %% [markdown]
# `tg.softmax_cross_entropy(logits, targets)` needs no such guard: it never takes the logarithm of
# a probability.

# %% [markdown]
# ## Backwards by hand, through the command line
#
# A backward pass of one's own needs no test of one's own: `tinygrad-rnn diagnose` takes a function
# out of a file, runs it on a small problem, and names what is wrong. In
# [columns_backward.py](columns_backward.py) is one with the faults of that notebook. Here the
# command is called from Python: `main` does what `tinygrad-rnn` does in a terminal. The first
# fault:

# %%
FIRST = "diagnose columns_backward.py:as_first_written --cell rnn --loss sum"
status_of_first = main(FIRST.split())

# %% [markdown]
# It never ran: where zeros of the state's shape are meant, the state is given as the shape. That
# is mended quickly, and now there are gradients that can be compared:

# %%
MENDED = "diagnose columns_backward.py:mended --cell rnn --loss sum"
status_of_mended = main(MENDED.split())

# %% [markdown]
# ## A bias that was forgotten
#
# So the derivation is right up to its last lines, which keep gradients from exploding; there the
# bias is not in the list. The same in Python, with the weights and the loss of this page:


# %%
def backward(weights, inputs, targets, h):
    """Return the gradients of the loss, clipped, as far as they are."""
    hs, _, ps = forward(**weights, inputs=inputs, h=h)
    before = [h, *hs[:-1]]
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    dh_next = np.zeros_like(h)
    for t in reversed(range(len(inputs))):
        dy = ps[t] - one_hot(targets[t], len(ps[t]))  # (V, 1)
        grads["Why"] += dy @ hs[t].T
        grads["by"] += dy
        dh = weights["Why"].T @ dy + dh_next  # (H, 1)
        da = dh * (1 - hs[t] ** 2)  # (H, 1)
        grads["Wxh"] += da @ one_hot(inputs[t], weights["Wxh"].shape[1]).T
        grads["Whh"] += da @ before[t].T
        grads["bh"] += da
        dh_next = weights["Whh"].T @ da
    for name in ("Wxh", "Whh", "Why", "by"):
        np.clip(grads[name], -5, 5, out=grads[name])
    return grads


# %% [markdown]
# With the small weights of above nobody would ever notice, since nothing there reaches 5. So a
# problem that does: weights a hundred times as large, and a text of 24 letters.

# %%
rng = np.random.default_rng(7)
wild = {name: rng.normal(size=w.shape) for name, w in WEIGHTS.items()}
letters = rng.integers(4, size=25)
piece = {"inputs": letters[:-1], "targets": letters[1:], "h": np.zeros((3, 1))}

values = {name: tg.Value(w, name=name) for name, w in wild.items()}
loss = loss_of(**values, **piece)
loss.backward()
print("largest entries:", {name: float(abs(v.grad).max().round(1)) for name, v in values.items()})

# %%
by_hand = backward(wild, **piece)
diagnosis = tg.check.diagnose(by_hand, loss, values)
print(diagnosis)

# %% [markdown]
# ## Adam, clipping, and a state that is carried
#
# In this text an "a" is followed by "b", "c" and "d" in turn. To say which, the net has to
# remember the last letter that was no "a". It reads seven letters at a time, and the text repeats
# itself after six, so pieces end anywhere. The state goes on to the next piece, as an array: no
# gradient goes back beyond.

# %%
story = "abacad" * 7
ids = ["abcd".index(c) for c in story]
V, H, T = 4, 8, 7


def train(carry, pieces=360):
    """Train a net; return the loss per letter of the last six pieces."""
    rng = np.random.default_rng(0)
    shapes = {"Wxh": (H, V), "Whh": (H, H), "bh": (H, 1), "Why": (V, H), "by": (V, 1)}
    net = {name: tg.Value(0.1 * rng.normal(size=shape)) for name, shape in shapes.items()}
    adam = tg.optim.Adam(net.values(), lr=2e-2)
    h, losses = np.zeros((H, 1)), []
    for piece in range(pieces):
        start = piece * T % (len(ids) - T)  # 35 letters on, the text is where it began
        inputs, targets = ids[start : start + T], ids[start + 1 : start + 1 + T]
        hs, ys, _ = forward(**net, inputs=inputs, h=h)
        logits = np.concatenate(ys, axis=1).T  # (T, V)
        loss = tg.softmax_cross_entropy(logits, np.array(targets), reduction="sum")
        adam.zero_grad()
        loss.backward(retain_grad=False)
        tg.optim.clip_grad_value_(adam.params, 5.0)
        adam.step()
        h = hs[-1].data if carry else np.zeros((H, 1))
        losses.append(float(loss) / T)
    return np.mean(losses[-6:])


carried, forgotten = train(carry=True), train(carry=False)
print(f"state carried: {carried:.2f} per letter; set to zero for each piece: {forgotten:.2f}")
