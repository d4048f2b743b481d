# %% [markdown]
# # Odd or even: a net that must remember
#
# A stream of zeros and ones comes in. After each, the net shall say whether the number of ones so
# far is odd. One bit of memory is enough, but without it nothing helps: what the last ten inputs
# were says nothing about it. Training takes a few seconds; afterwards we look inside.

# %%
import numpy as np

import tinygrad_rnn as tg

rng = np.random.default_rng(0)


def batch(T, B):
    """Return bits, (T, B, 1), and whether the ones so far are odd, (T, B)."""
    bits = rng.integers(2, size=(T, B))
    return bits[..., None].astype(float), np.cumsum(bits, axis=0) % 2


bits, odd = batch(12, 1)
print("bits", bits[:, 0, 0].astype(int))
print("odd ", odd[:, 0])

# %% [markdown]
# An LSTM of eight units and a linear head, trained on streams of twelve bits:

# %%
lstm = tg.nn.LSTM(1, 8, generator=rng)
head = tg.nn.Linear(8, 1, generator=rng)
optimizer = tg.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.03)
untrained = lstm.state_dict()

for step in range(1, 301):
    bits, odd = batch(12, 64)
    output, _ = lstm(bits)  # (T, B, H)
    loss = tg.binary_cross_entropy_with_logits(head(output)[..., 0], odd)
    optimizer.zero_grad()
    loss.backward(retain_grad=False)
    tg.optim.clip_grad_norm_(optimizer.params, 1.0)
    optimizer.step()
    if step in (1, 30, 100, 300):
        print(f"step {step:3d}  loss {float(loss):.3f}")

# %% [markdown]
# Guessing costs log 2 = 0.693. Has it learned the *rule*, or only streams of twelve? Longer ones,
# which it has never seen:

# %%
for T in 12, 100, 1000:
    bits, odd = batch(T, 64)
    with tg.no_grad():
        answers = head(lstm(bits)[0]).data[..., 0] > 0
    print(f"{T:4d} bits: {np.mean(answers == odd):.1%} right")

# %% [markdown]
# Where does it keep the bit? Look for the memory cell that goes with the answer most closely. With
# every 1 it flips, with every 0 it stays:

# %%
bits, odd = batch(16, 1)
state, cells = None, []
with tg.no_grad():
    for bit in bits:
        _, state = lstm(bit[None], state)
        cells.append(state[1].data[0, 0])
cells = np.array(cells)  # (T, H)
agreement = [abs(np.corrcoef(c, odd[:, 0])[0, 1]) for c in cells.T]
best = int(np.argmax(agreement))
print("bits", *(f"{b:5d}" for b in bits[:, 0, 0].astype(int)))
print("odd ", *(f"{b:5d}" for b in odd[:, 0]))
print("cell", *(f"{c:5.1f}" for c in cells[:, best]))

# %% [markdown]
# And how far back does the gradient reach? One might expect that a net that remembers for a
# thousand steps has learned to let its gradient through. Here is what arrives, of a loss at the
# last of forty steps, at the two states h and c of earlier steps:

# %%
bits, odd = batch(40, 1)
trained = lstm.state_dict()
for label, weights in (("before training", untrained), ("after", trained)):
    lstm.load_state_dict(weights)
    state, states = None, []
    for bit in bits:
        _, state = lstm(bit[None], state)
        states.append(state)
    norm = tg.bptt.gradient_flow((state[0] ** 2).sum(), states)
    shares = "  ".join(f"{norm[-1 - back] / norm[-1]:.0e}" for back in (1, 10, 20, 39))
    print(f"{label:15s}  1, 10, 20, 39 steps back: {shares}")

# %% [markdown]
# It vanishes, after training as before. That is no contradiction. The net holds its bit *safely*:
# where a state is a little off, the next steps put it right. So a small change of an early state
# changes nothing later, and that is what a gradient of nothing says. How it was learned all the
# same: from the losses of the same step and the next few, which are there at every step. That what
# keeps a bit safely lets no gradient through was shown by Y. Bengio, P. Simard and P. Frasconi,
# "Learning long-term dependencies with gradient descent is difficult", 1994.
