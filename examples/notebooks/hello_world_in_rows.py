# %% [markdown]
# # A net that says "hello world", in row vectors
#
# A text of eleven characters, a recurrent net of 64 units, plain gradient descent, and then the
# net is given the "h" and writes. A public notebook does this with a backward pass of its own, and
# succeeds, although two things in it are wrong. Here the net is trained with the true gradient
# first. Then we write such a backward pass ourselves, with the same two mistakes, and have them
# named.

# %%
import numpy as np

import tinygrad_rnn as tg

text = "hello world"
alphabet = "edrlhw o"  # in the order in which a set once gave it: another run gives another order
V, H = len(alphabet), 64
ids = [alphabet.index(c) for c in text]
inputs, targets = ids[:-1], ids[1:]

# %% [markdown]
# One generator draws everything, in this order: five weights, an input and a state that are only
# looked at, and from then on the characters that the net writes.

# %%
draw = np.random.RandomState(0)
WEIGHTS = {name: draw.randn(*shape) for name, shape in (("Wxh", (H, V)), ("Whh", (H, H)))}
WEIGHTS |= {name: draw.randn(*s) for name, s in (("bh", (1, H)), ("Why", (V, H)), ("by", (1, V)))}
looked_at = draw.randn(1, V), draw.randn(1, H)

# %% [markdown]
# A step in NumPy. A state is a row, (1, H), so weights are transposed on the way:


# %%
def softmax(z):
    """Return probabilities along each row."""
    return np.exp(z) / np.sum(np.exp(z), axis=1)


def step(weights, x, h):
    """Return the probabilities of the next character, and the new state."""
    h = np.tanh(x @ weights["Wxh"].T + h @ weights["Whh"].T + weights["bh"])  # (1, H)
    p = softmax(h @ weights["Why"].T + weights["by"])  # (1, V)
    return p, h


def one_hot(k):
    """Return a row with a 1 in column k."""
    return np.eye(V)[[k]]


def sample(weights, first, n):
    """Let the net go on for n characters, each drawn from its probabilities and read again."""
    k, h, written = alphabet.index(first), np.zeros((1, H)), ""
    for _ in range(n):
        p, h = step(weights, one_hot(k), h)
        k = draw.choice(V, p=p.ravel())
        written += alphabet[k]
    return written


print({name: a.shape for name, a in zip(("p", "h"), step(WEIGHTS, *looked_at), strict=True)})
untrained = sample(WEIGHTS, "h", 4)
print(repr(untrained))

# %% [markdown]
# ## With the true gradient
#
# The loss of the text is the sum over its ten steps. On Values, `step` leaves a graph behind; that
# is all that there is to backpropagation through time here.


# %%
def loss_of(weights):
    """Read the text and return −Σ log p of each next character."""
    h, loss = np.zeros((1, H)), 0.0
    for t, (k, target) in enumerate(zip(inputs, targets, strict=True)):
        with tg.time_step(t):
            p, h = step(weights, one_hot(k), h)
            loss = loss - np.log(p[0, target])
    return loss


values = {name: tg.Value(w.copy(), name=name) for name, w in WEIGHTS.items()}
sgd = tg.optim.SGD(values.values(), lr=1e-2)
losses = []
for _ in range(400):
    loss = loss_of(values)
    losses.append(float(loss))
    sgd.zero_grad()
    loss.backward(retain_grad=False)
    tg.optim.clip_grad_value_(sgd.params, 1.0)
    sgd.step()

trained = sample({name: v.data for name, v in values.items()}, "h", 10)
print(f"loss {losses[0]:.2f} at first, below 0.05 at last: {losses[-1] < 0.05}")
print(repr(trained))

# %% [markdown]
# In between it jumps. A weight that is changed by 1e-13 leads along another way, because in this
# net gradients grow from step to step (by how much, we shall see). That is why one clips, and why
# only the two ends are printed here.

# %% [markdown]
# ## By hand, with two mistakes
#
# Now backwards without a graph. Two things below are wrong, as they are in that notebook. Can you
# see which? All shapes fit.


# %%
def errors_and_states(weights):
    """Return p − 1 at the target, and the state, of each step."""
    h, dys, states = np.zeros((1, H)), [], []
    for k, target in zip(inputs, targets, strict=True):
        p, h = step(weights, one_hot(k), h)
        dys.append(p - one_hot(target))
        states.append(h)
    return dys, states


def backward(weights):
    """Return the gradients of the loss: three of them not quite."""
    dys, states = errors_and_states(weights)
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    dh_later = np.zeros((1, H))
    for t in reversed(range(len(inputs))):
        dy = dys[t]  # (1, V)
        grads["Why"] += dy.T @ states[t]
        grads["by"] += dy
        dh = dy @ weights["Why"] + dh_later  # (1, H)
        da = dh * (1 - states[t] ** 2)  # (1, H)
        grads["Wxh"] += da.T @ one_hot(inputs[t])
        grads["Whh"] += da.T @ states[t]
        grads["bh"] += da
    return grads


by_hand = backward(WEIGHTS)
first = {name: tg.Value(w, name=name) for name, w in WEIGHTS.items()}  # as they were drawn
loss = loss_of(first)
loss.backward()
swept = {name: v.grad for name, v in first.items()}
print(tg.check.compare(swept, by_hand, labels=("autodiff", "by hand")))

# %% [markdown]
# The two gradients above the state are right, the three below are not. What is wrong with them,
# the doctor can tell. It does not look at the code, but at the numbers: it recomputes the gradient
# under each mistake that it knows, alone and in pairs, and says which of them gives these.

# %%
diagnosis = tg.check.diagnose(by_hand, loss, first)
print(diagnosis)

# %% [markdown]
# Let us see whether it is right.
#
# **Nothing is carried.** `dh_later` begins with zero and stays zero: what step t + 1 has to say
# about the state never reaches step t. The ledger keeps apart how far a loss was from the use that
# it teaches. Without the carry, what is left of a gradient is its part of lag 0:

# %%
led = tg.bptt.ledger(loss, first)
for name in ("Wxh", "bh"):
    parts = led[name].by_lag
    print(
        f"{name}: by hand is lag 0: {np.allclose(by_hand[name], parts[0], rtol=0, atol=1e-9)}",
        end="",
    )
    rest = sum(part for lag, part in parts.items() if lag > 0)
    print(
        f"   lags 1 to 9 are {np.linalg.norm(rest) / np.linalg.norm(parts[0]):.0f} times as large"
    )

# %% [markdown]
# **The wrong state.** `Whh` was multiplied by the state of the step before. By hand it is paired
# with the state that came out of it. So its gradient is not even the part of lag 0:

# %%
print(np.allclose(by_hand["Whh"], led["Whh"].by_lag[0], rtol=0, atol=1e-9))

# %% [markdown]
# ## Clipped, it is harder to see
#
# The notebook clips every entry to ±1 before it uses it. What lies outside becomes equal, right or
# wrong, so compare gradients *before* they are clipped. The doctor knows clipping as well, and
# here sees through it; with less left between the bounds, there would be less to tell mistakes
# apart by.

# %%
clipped = int(np.sum(np.abs(by_hand["Whh"]) > 1))
print(f"by hand: {clipped:,} of {by_hand['Whh'].size:,} entries of dWhh are clipped")
both = (np.clip(swept["Whh"], -1, 1), np.clip(by_hand["Whh"], -1, 1))
print(
    f"unclipped, {np.mean(np.isclose(swept['Whh'], by_hand['Whh'])):.0%} of the entries are right"
)
print(f"clipped,   {np.mean(np.isclose(*both)):.0%} look right")

after_clipping = {name: np.clip(g, -1, 1) for name, g in by_hand.items()}
seen_through = tg.check.diagnose(after_clipping, loss, first)
print("dWhh:", seen_through.findings["Whh"].verdict)

# %% [markdown]
# ## The line that was to carry
#
# That notebook has a line for the carry, commented out. With it, the gradient would not have been
# right either: it multiplies `dh` by the product of slope and matrix, but slope times `dh` is what
# has to be multiplied by the matrix. Written afresh, with the other mistake mended:


# %%
def backward_with_that_carry(weights):
    """Return the gradients of the loss: the carry is there, and wrong."""
    dys, states = errors_and_states(weights)
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    dh_later = np.zeros((1, H))
    for t in reversed(range(len(inputs))):
        dy = dys[t]  # (1, V)
        slope = 1 - states[t] ** 2  # (1, H)
        before = states[t - 1] if t else np.zeros((1, H))
        dh = dy @ weights["Why"] + dh_later  # (1, H)
        grads["Why"] += dy.T @ states[t]
        grads["by"] += dy
        grads["Wxh"] += (dh * slope).T @ one_hot(inputs[t])
        grads["Whh"] += (dh * slope).T @ before
        grads["bh"] += dh * slope
        dh_later = dh * (slope @ weights["Whh"])
    return grads


carried = tg.check.diagnose(backward_with_that_carry(WEIGHTS), loss, first)
print(carried)
