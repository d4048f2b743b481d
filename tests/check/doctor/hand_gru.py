"""A character GRU and its derivative, written by hand as people write it, and right.

`MISTAKES` are lines of it as people get them wrong; `planting.planted` puts them in. Nothing here
knows of the doctor.
"""

import numpy as np


def gradients(weights, inputs, targets):
    E, W, b = (weights[k] for k in ("embedding.weight", "head.weight", "head.bias"))
    W_ih, W_hh = weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"]
    b_ih, b_hh = weights["rnn.bias_ih_l0"], weights["rnn.bias_hh_l0"]
    T, B = inputs.shape

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    hs, saved, ps = {-1: weights["h_0"]}, {}, {}
    for t in range(T):
        x = E[inputs[t]]
        s_r, s_z, s_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)
        u_r, u_z, u_n = np.split(hs[t - 1] @ W_hh.T + b_hh, 3, axis=1)
        r, z, n = sigmoid(s_r + u_r), sigmoid(s_z + u_z), None
        a_n = s_n + r * u_n
        n = np.tanh(a_n)
        hs[t] = (1 - z) * n + z * hs[t - 1]
        saved[t] = x, r, z, n, u_n, a_n
        logits = hs[t] @ W.T + b
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        ps[t] = e / e.sum(axis=1, keepdims=True)

    dE, dW, db = np.zeros_like(E), np.zeros_like(W), np.zeros_like(b)
    dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
    db_ih, db_hh = np.zeros_like(b_ih), np.zeros_like(b_hh)
    dh_next = np.zeros_like(hs[-1])
    for t in reversed(range(T)):
        x, r, z, n, u_n, a_n = saved[t]
        h_prev = hs[t - 1]
        dy = ps[t].copy()
        dy[np.arange(B), targets[t]] -= 1
        dy /= T * B
        dW += dy.T @ hs[t]
        db += dy.sum(axis=0)
        dh = dy @ W + dh_next
        dn = dh * (1 - z)
        dz = dh * (h_prev - n)
        da_n = dn * (1 - n**2)
        dr = da_n * u_n
        du_n = da_n * r
        da_z = dz * z * (1 - z)
        da_r = dr * r * (1 - r)
        ds = np.concatenate([da_r, da_z, da_n], axis=1)
        du = np.concatenate([da_r, da_z, du_n], axis=1)
        dW_ih += ds.T @ x
        dW_hh += du.T @ h_prev
        db_ih += ds.sum(axis=0)
        db_hh += du.sum(axis=0)
        dx = ds @ W_ih
        np.add.at(dE, inputs[t], dx)
        dh_next = dh * z + du @ W_hh
    found = {"embedding.weight": dE, "head.weight": dW, "head.bias": db}
    found |= {"rnn.weight_ih_l0": dW_ih, "rnn.weight_hh_l0": dW_hh}
    found |= {"rnn.bias_ih_l0": db_ih, "rnn.bias_hh_l0": db_hh}
    return found


MISTAKES = {
    "no carry from t+1": ("dh = dy @ W + dh_next", "dh = dy @ W"),
    "carry only through the matrix": ("dh_next = dh * z + du @ W_hh", "dh_next = du @ W_hh"),
    "carry only through the direct road": ("dh_next = dh * z + du @ W_hh", "dh_next = dh * z"),
    "carry cut every 3 steps": (
        "dh_next = dh * z + du @ W_hh",
        "dh_next = (t % 3 > 0) * (dh * z + du @ W_hh)",
    ),
    "carry added up over the steps": (
        "dh_next = dh * z + du @ W_hh",
        "dh_next = dh_next + dh * z + du @ W_hh",
    ),
    "own output's gradient lost": (
        "dh = dy @ W + dh_next",
        "dh = dy @ W if t == T - 1 else dh_next",
    ),
    "recurrent weight transposed in the carry": (
        "dh_next = dh * z + du @ W_hh",
        "dh_next = dh * z + sum(d @ m.T for d, m in zip((da_r, da_z, du_n), np.split(W_hh, 3)))",
    ),
    "factor z missing (h_prev)": (
        "dh_next = dh * z + du @ W_hh",
        "dh_next = dh + du @ W_hh",
    ),
    "z and 1−z exchanged": (
        *("dn = dh * (1 - z)", "dn = dh * z"),
        *("dh_next = dh * z + du @ W_hh", "dh_next = dh * (1 - z) + du @ W_hh"),
    ),
    "h_t where h_{t−1} belongs": ("dW_hh += du.T @ h_prev", "dW_hh += du.T @ hs[t]"),
    "h_t where h_{t−1} belongs (z)": ("dz = dh * (h_prev - n)", "dz = dh * (hs[t] - n)"),
    "factor 1−z missing (n)": ("dn = dh * (1 - z)", "dn = dh"),
    "z in the place of 1−z (n)": ("dn = dh * (1 - z)", "dn = dh * z"),
    "term dropped (z from z·h_prev)": ("dz = dh * (h_prev - n)", "dz = dh * (-n)"),
    "term dropped (1−z from (1−z)n)": ("dz = dh * (h_prev - n)", "dz = dh * h_prev"),
    "sign (1−z from (1−z)n)": ("dz = dh * (h_prev - n)", "dz = dh * (h_prev + n)"),
    "tanh′ missing (n)": ("da_n = dn * (1 - n**2)", "da_n = dn"),
    "tanh′ at the pre-activation (n)": ("da_n = dn * (1 - n**2)", "da_n = dn * (1 - a_n**2)"),
    "tanh′ of the output (n)": ("da_n = dn * (1 - n**2)", "da_n = dn * (1 - np.tanh(n) ** 2)"),
    "factor u_n missing (r)": ("dr = da_n * u_n", "dr = da_n"),
    "term dropped (r from r·u_n)": ("dr = da_n * u_n", "dr = 0 * da_n"),
    "factor r missing (u_n)": ("du_n = da_n * r", "du_n = da_n"),
    "h_{t−1} in the place of u_n (r)": ("dr = da_n * u_n", "dr = da_n * h_prev"),
    "sigmoid′ missing (z)": ("da_z = dz * z * (1 - z)", "da_z = dz"),
    "sigmoid′ missing (r)": ("da_r = dr * r * (1 - r)", "da_r = dr"),
    "sigmoid′ missing (every sigmoid)": (
        *("da_z = dz * z * (1 - z)", "da_z = dz"),
        *("da_r = dr * r * (1 - r)", "da_r = dr"),
    ),
    "sigmoid′ wrong (z: y)": ("da_z = dz * z * (1 - z)", "da_z = dz * z"),
    "reset gate applied before the matrix": (
        *("dr = da_n * u_n", "dr = (da_n @ np.split(W_hh, 3)[2]) * h_prev"),
        *("du_n = da_n * r", "du_n = da_n"),
        *("da_r = dr * r * (1 - r)", "da_r = dr * r * (1 - r); drz = np.hstack([da_r, da_z])"),
        *(
            "dW_hh += du.T @ h_prev",
            "dW_hh += np.concatenate([drz.T @ h_prev, da_n.T @ (r * h_prev)])",
        ),
        *(
            "dh_next = dh * z + du @ W_hh",
            "dh_next = dh * z + drz @ W_hh[: drz.shape[1]] + (da_n @ np.split(W_hh, 3)[2]) * r",
        ),
    ),
    "gates in the order z r n on the way back": (
        *(
            "ds = np.concatenate([da_r, da_z, da_n], axis=1)",
            "ds = np.concatenate([da_z, da_r, da_n], axis=1)",
        ),
        *(
            "du = np.concatenate([da_r, da_z, du_n], axis=1)",
            "du = np.concatenate([da_z, da_r, du_n], axis=1)",
        ),
    ),
    "gradient of rnn.bias_ih_l0": ("db_hh += du.sum(axis=0)", "db_hh += ds.sum(axis=0)"),
    # from here on the derivative is right, but of another net
    "gates read in the order z r n": (
        *(
            "s_r, s_z, s_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)",
            "s_z, s_r, s_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)",
        ),
        *(
            "u_r, u_z, u_n = np.split(hs[t - 1] @ W_hh.T + b_hh, 3, axis=1)",
            "u_z, u_r, u_n = np.split(hs[t - 1] @ W_hh.T + b_hh, 3, axis=1)",
        ),
        *(
            "ds = np.concatenate([da_r, da_z, da_n], axis=1)",
            "ds = np.concatenate([da_z, da_r, da_n], axis=1)",
        ),
        *(
            "du = np.concatenate([da_r, da_z, du_n], axis=1)",
            "du = np.concatenate([da_z, da_r, du_n], axis=1)",
        ),
    ),
    "z weighs the new state": (
        *("hs[t] = (1 - z) * n + z * hs[t - 1]", "hs[t] = z * n + (1 - z) * hs[t - 1]"),
        *("dn = dh * (1 - z)", "dn = dh * z"),
        *("dz = dh * (h_prev - n)", "dz = dh * (n - h_prev)"),
        *("dh_next = dh * z + du @ W_hh", "dh_next = dh * (1 - z) + du @ W_hh"),
    ),
}
MISTAKES["reset gate applied before the matrix, forward as well"] = (
    *MISTAKES["reset gate applied before the matrix"],
    *(
        "a_n = s_n + r * u_n",
        "a_n = s_n + (r * hs[t - 1]) @ np.split(W_hh, 3)[2].T + np.split(b_hh, 3)[2]",
    ),
)
