# %% [markdown]
# # One layer, many uses
#
# Nine numbers, read three at a time: as cell and as layer, for a number at the end, for a label at
# each step, in both directions, through the gates of an LSTM. A public notebook goes through these
# uses with weights that one can multiply in one's head. Here are its numbers, and three things in
# it that one should know about. The exercise that it sets aside has [a page of its
# own](stacked_lstm_with_relu.ipynb).

# %%
import numpy as np

import tinygrad_rnn as tg

np.set_printoptions(precision=4, suppress=True, linewidth=96)

x = np.arange(1.0, 10.0).reshape(3, 3)  # (T, D)
W_ih = np.array([[-1.0, 0.0, 0.5], [1.0, 0.0, -0.5]])
W_hh = np.array([[0.0, -1.0]])  # one row for two units
b_ih, b_hh = np.array([1.0]), np.array([1.0])  # one number for two units

# %% [markdown]
# ## Weights that broadcast
#
# H is 2, so `W_hh` should be (2, 2) and a bias (2,). The smaller shapes work, because NumPy
# repeats what is missing: one row counts as two equal ones.


# %%
def states_of(W_ih, W_hh, b_ih, b_hh):
    """Return the state after each step, (T, H)."""
    h, states = np.zeros((1, 2)), []
    for t in range(3):
        h = np.tanh(x[t] @ W_ih.T + h @ W_hh.T + b_ih + b_hh)  # (1, H)
        states.append(h)
    return np.concatenate(states)


states = states_of(W_ih, W_hh, b_ih, b_hh)
print(states)

# %% [markdown]
# That is one row with *two* uses at each step, and so its gradient is the sum over both. The sweep
# sums it back to the weight's shape, whatever was repeated:

# %%
full = {
    "weight_ih": W_ih,
    "weight_hh": np.repeat(W_hh, 2, axis=0),
    "bias_ih": np.repeat(b_ih, 2),
    "bias_hh": np.repeat(b_hh, 2),
}
small = [tg.Value(w) for w in (W_ih, W_hh, b_ih, b_hh)]
large = [tg.Value(w) for w in full.values()]
for weights in (small, large):
    np.sum(states_of(*weights) ** 2).backward()
print("one row: ", small[1].grad)
print("two rows:", large[1].grad, "with the sum", large[1].grad.sum(axis=0))

# %% [markdown]
# A layer of the library takes no such weight: two units that are kept equal by accident are a
# mistake more often than a wish.

# %%
cell = tg.nn.RNNCell(3, 2)
try:
    cell.load_state_dict(full | {"weight_hh": W_hh})
except ValueError as error:
    print(error)

# %% [markdown]
# ## The cell, and the layer
#
# A cell takes one step, a layer runs over time. They hold the same weights under PyTorch's names,
# the layer with `_l0` for its first, here only, level:

# %%
cell.load_state_dict(full)
h_of_cell = None
for t in range(3):
    h_of_cell = cell(x[t], h_of_cell)
    print(f"cell, step {t}:", h_of_cell.data)

rnn = tg.nn.RNN(3, 2)
rnn.load_state_dict({f"{name}_l0": w for name, w in full.items()})
output, h_n = rnn(x)  # (T, H), (1, H)
print("layer:", output.data, "last:", h_n.data, sep="\n")

# %% [markdown]
# ## A number at the end, a label at each step
#
# For a regression the head reads the last state, for labelling it reads each. Both are one
# `Linear`, in PyTorch's manner applied to the last axis, so it does not matter how many steps
# stand before it:

# %%
head = tg.nn.Linear(2, 1)
head.load_state_dict({"weight": [[0.0, 1.0]], "bias": [0.0]})
regression = head(h_n[0])
print("regression:", regression.data)

labels = tg.nn.Linear(2, 2)
labels.load_state_dict({"weight": [[0.0, 1.0], [1.0, 0.0]], "bias": [0.0, 0.0]})
probabilities = tg.softmax(labels(output))  # (T, 2)
for t in range(3):
    print(f"step {t}:", probabilities.data[t], "label", np.argmax(probabilities[t]))

# %% [markdown]
# ## Both directions, paired in two ways
#
# A second net reads from the end. The head adds the four numbers of a pair of states, and 1. But
# which states are a pair? One may run both nets *step by step*: after each step the one has read k
# numbers from the left, the other k from the right. Or one pairs what belongs to the same *time*,
# so that together they have read everything, and one place twice. A library's layer does the
# latter.

# %%
both = tg.nn.RNN(3, 2, bidirectional=True)
both.load_state_dict({f"{name}_l0{way}": w for way in ("", "_reverse") for name, w in full.items()})
pairs, (h_right, h_left) = both(x)  # (T, 2H), (2, H)
add = tg.nn.Linear(4, 1)
add.load_state_dict({"weight": np.ones((1, 4)), "bias": [1.0]})

by_time = add(pairs)[:, 0]
rightwards, leftwards = pairs[:, :2], pairs[::-1, 2:]  # each in the order in which it read
by_step = add(np.concatenate([rightwards, leftwards], axis=1))[:, 0]
print("time by time:", by_time.data)
print("step by step:", by_step.data)
last = add(np.concatenate([h_right, h_left]))
print("last states: ", last.data)

# %% [markdown]
# The middle is the same in both, since three steps have a middle. At the end, only the
# step-by-step pairing has both *last* states in one pair; a layer hands them out as `h_n`. A
# drawing shows what a layer pairs: `l0_reverse` begins at t = 2, and each of its states is put
# beside that of `l0` of the same t.

# %%
tg.draw(pairs, depth=3, values=False, grads=False)

# %% [markdown]
# ## The gates of an LSTM
#
# Four blocks of rows, in the order input, forget, cell, output. What goes into the curves, for the
# first step from a state of zeros:

# %%
W_i = [[-1.0, 0.0, 0.5], [-1.0, 0.0, -0.5]]
W_f = [[1.0, 0.0, 0.5], [1.0, 0.0, -0.5]]
W_g = [[1.0, 0.0, -0.5], [1.0, 0.0, -0.5]]
W_o = [[1.0, 1.0, 0.5], [1.0, -1.0, -0.5]]
gates = {
    "weight_ih": np.array(W_i + W_f + W_g + W_o),  # (4H, D)
    "weight_hh": np.array([[0.0, 1.0], [0.0, -1.0]] * 4),  # (4H, H)
}
before_the_curves = dict(zip("ifgo", np.split(gates["weight_ih"] @ x[0], 4), strict=True))
for gate, a in before_the_curves.items():
    print(gate, a)

lstm = tg.nn.LSTMCell(3, 2, bias=False)
lstm.load_state_dict(gates)
h_of_lstm, c_of_lstm = lstm(x[0])
print("h", h_of_lstm.data, " c", c_of_lstm.data)

# %% [markdown]
# ## C for h
#
# The notebook then writes the step out, and multiplies the recurrent weights by C where h belongs.
# From a state of zeros that gives the same numbers, and it is run for one step only. Written
# afresh, with that slip:


# %%
def slipped(x, state, weight_ih, weight_hh):
    """Take a step of an LSTM, nearly."""
    _, c = state
    i, f, g, o = np.split(x @ weight_ih.T + c @ weight_hh.T, 4)
    i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


state = theirs = (np.zeros(2), np.zeros(2))
apart = []
for t in range(3):
    state, theirs = lstm(x[t], state), slipped(x[t], theirs, **gates)
    apart.append(np.max(np.abs(state[0].data - theirs[0])))
    print(f"step {t}: h {state[0].data}, slipped {theirs[0]}, apart by {apart[-1]:.4f}")

# %% [markdown]
# One step from zeros cannot tell. Whoever compares should begin with a state that is not zero, or
# take two steps. From such a state the gradients of a single step give it away as well, and say
# where: by the slipped step there is no gradient of h at all, for h does not occur in its graph.

# %%
start = {"h": tg.Value(np.array([0.3, -0.2])), "c": tg.Value(np.array([0.5, 0.4]))}
leaves = {**dict(lstm.named_parameters()), **start}


def gradients_of(h):
    """Return the gradient of Σ h by each leaf."""
    for leaf in leaves.values():
        leaf.grad = None
    np.sum(h).backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


state = (start["h"], start["c"])
of_slipped = gradients_of(slipped(x[0], state, lstm.weight_ih, lstm.weight_hh)[0])
of_cell = gradients_of(lstm(x[0], state)[0])
comparison = tg.check.compare(of_slipped, of_cell, labels=("slipped", "cell"))
print(comparison)

# %% [markdown]
# Whoever writes the way back of such a step by hand may do it without a mistake, and will have the
# gradient of another net. The doctor knows this one. Over the three steps, from zeros again:


# %%
def loss_of(step):
    """Run a step over the nine numbers; return the sum of all states."""
    state, loss = (np.zeros(2), np.zeros(2)), 0.0
    for t in range(3):
        with tg.time_step(t):
            state = step(x[t], state)
        loss = loss + np.sum(state[0])
    return loss


weights = dict(lstm.named_parameters())
lstm.zero_grad()
loss_of(lambda x, state: slipped(x, state, **weights)).backward()
by_hand = {name: w.grad for name, w in weights.items()}
lstm.zero_grad()
diagnosis = tg.check.diagnose(by_hand, loss_of(lstm), weights)
print(diagnosis)
