"""One recurrent net twice: its gradients derived by hand in NumPy, and swept by the engine.

    python examples/rnn_by_hand.py

The forward pass is written once, in plain NumPy. On arrays it gives the numbers that the derivation
by hand goes back through; on Values the engine goes back through it by itself.
"""

import numpy as np

import tinygrad_rnn as tg

T, B, D, H, V = 6, 4, 3, 5, 7  # time, batch, inputs, hidden units, classes
rng = np.random.default_rng(0)
x = rng.normal(size=(T, B, D))
targets = rng.integers(V, size=(T, B))
weights = {
    "W_xh": rng.normal(size=(D, H)) * 0.5,
    "W_hh": rng.normal(size=(H, H)) * 0.5,
    "b_h": rng.normal(size=H) * 0.1,
    "W_hy": rng.normal(size=(H, V)) * 0.5,
    "b_y": rng.normal(size=V) * 0.1,
}


def forward(W_xh, W_hh, b_h, W_hy, b_y):
    """The mean loss, and what was computed on the way to it."""
    h = np.zeros((B, H))
    states, probabilities, loss = [h], [], 0.0
    for t in range(T):
        h = np.tanh(x[t] @ W_xh + h @ W_hh + b_h)  # (B, H)
        y = h @ W_hy + b_y  # (B, V)
        e = np.exp(y)
        p = e / np.sum(e, axis=1, keepdims=True)  # (B, V)
        loss = loss - np.sum(np.log(p[np.arange(B), targets[t]]))
        states.append(h)
        probabilities.append(p)
    return loss / (T * B), states, probabilities


def backward_by_hand(W_xh, W_hh, b_h, W_hy, b_y):
    """Backpropagation through time, as one writes it without an engine."""
    _, states, probabilities = forward(W_xh, W_hh, b_h, W_hy, b_y)
    grads = {name: np.zeros_like(w) for name, w in weights.items()}
    dh_next = np.zeros((B, H))  # nothing comes after the last step
    for t in reversed(range(T)):
        dy = probabilities[t].copy()  # softmax and cross-entropy together: p − 1 at the target
        dy[np.arange(B), targets[t]] -= 1
        dy /= T * B  # (B, V)
        h, h_prev = states[t + 1], states[t]
        dh = dy @ W_hy.T + dh_next  # (B, H) h was used twice: by the output, and by step t + 1
        da = dh * (1 - h**2)  # (B, H) back through tanh, before any matrix
        grads["W_hy"] += h.T @ dy
        grads["b_y"] += dy.sum(axis=0)
        grads["W_xh"] += x[t].T @ da
        grads["W_hh"] += h_prev.T @ da
        grads["b_h"] += da.sum(axis=0)
        dh_next = da @ W_hh.T
    return grads


by_hand = backward_by_hand(**weights)

values = {name: tg.Value(w, name=name) for name, w in weights.items()}
loss, _, _ = forward(**values)
loss.backward()  # that is all
swept = {name: v.grad for name, v in values.items()}

measured = dict(
    zip(
        weights,
        tg.check.numeric_gradient(lambda *w: forward(*w)[0], tuple(weights.values())),
        strict=True,
    )
)

print(f"loss {float(loss):.6f}\n")
print(f"dW_hh[0] by hand   {by_hand['W_hh'][0].round(6)}")
print(f"dW_hh[0] autodiff  {swept['W_hh'][0].round(6)}\n")
print(tg.check.compare(swept, by_hand, labels=("autodiff", "by hand")), "\n")
print(tg.check.compare(swept, measured, labels=("autodiff", "finite differences")))
