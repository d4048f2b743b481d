"""A character LSTM and its derivative, written by hand as people write it, and right.

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

    hs, cs, saved, ps = {-1: weights["h_0"]}, {-1: weights["c_0"]}, {}, {}
    for t in range(T):
        x = E[inputs[t]]
        a = x @ W_ih.T + b_ih + hs[t - 1] @ W_hh.T + b_hh
        a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
        cs[t] = f * cs[t - 1] + i * g
        hs[t] = o * np.tanh(cs[t])
        saved[t] = x, i, f, g, o, a_i, a_f, a_g, a_o
        z = hs[t] @ W.T + b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        ps[t] = e / e.sum(axis=1, keepdims=True)

    dE, dW, db = np.zeros_like(E), np.zeros_like(W), np.zeros_like(b)
    dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
    db_ih, db_hh = np.zeros_like(b_ih), np.zeros_like(b_hh)
    dh_next, dc_next = np.zeros_like(hs[-1]), np.zeros_like(cs[-1])
    for t in reversed(range(T)):
        x, i, f, g, o, a_i, a_f, a_g, a_o = saved[t]
        h_prev, c_prev, tanh_c = hs[t - 1], cs[t - 1], np.tanh(cs[t])
        dz = ps[t].copy()
        dz[np.arange(B), targets[t]] -= 1
        dz /= T * B
        dW += dz.T @ hs[t]
        db += dz.sum(axis=0)
        dh = dz @ W + dh_next
        do = dh * tanh_c
        dc = dc_next + dh * o * (1 - tanh_c**2)
        df = dc * c_prev
        di = dc * g
        dg = dc * i
        dc_next = dc * f
        da_i = di * i * (1 - i)
        da_f = df * f * (1 - f)
        da_g = dg * (1 - g**2)
        da_o = do * o * (1 - o)
        da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        dW_ih += da.T @ x
        dW_hh += da.T @ h_prev
        db_ih += da.sum(axis=0)
        db_hh += da.sum(axis=0)
        dx = da @ W_ih
        np.add.at(dE, inputs[t], dx)
        dh_next = da @ W_hh
    found = {"embedding.weight": dE, "head.weight": dW, "head.bias": db}
    found |= {"rnn.weight_ih_l0": dW_ih, "rnn.weight_hh_l0": dW_hh}
    found |= {"rnn.bias_ih_l0": db_ih, "rnn.bias_hh_l0": db_hh}
    return found


MISTAKES = {
    "no carry from t+1": (
        *("dh = dz @ W + dh_next", "dh = dz @ W"),
        *("dc = dc_next + dh * o * (1 - tanh_c**2)", "dc = dh * o * (1 - tanh_c**2)"),
    ),
    "carry only through c": ("dh = dz @ W + dh_next", "dh = dz @ W"),
    "carry only through h": (
        "dc = dc_next + dh * o * (1 - tanh_c**2)",
        "dc = dh * o * (1 - tanh_c**2)",
    ),
    "carry cut every 2 steps": (
        *("dh_next = da @ W_hh", "dh_next = (t % 2) * (da @ W_hh)"),
        *("dc_next = dc * f", "dc_next = (t % 2) * (dc * f)"),
    ),
    "carry added up over the steps": (
        *("dh_next = da @ W_hh", "dh_next = dh_next + da @ W_hh"),
        *("dc_next = dc * f", "dc_next = dc_next + dc * f"),
    ),
    "own output's gradient lost": (
        "dh = dz @ W + dh_next",
        "dh = dz @ W if t == T - 1 else dh_next",
    ),
    "recurrent weight transposed in the carry": (
        "dh_next = da @ W_hh",
        "dh_next = sum(d @ m.T for d, m in zip((da_i, da_f, da_g, da_o), np.split(W_hh, 4)))",
    ),
    "carry without the slope": (
        "dh_next = da @ W_hh",
        "dh_next = np.concatenate([di, df, dg, do], axis=1) @ W_hh",
    ),
    "factor f missing (c_prev)": ("dc_next = dc * f", "dc_next = dc"),
    "1 − f in the place of f (c_prev)": ("dc_next = dc * f", "dc_next = dc * (1 - f)"),
    "h_t where h_{t−1} belongs": ("dW_hh += da.T @ h_prev", "dW_hh += da.T @ hs[t]"),
    "c_t where c_{t−1} belongs (f)": ("df = dc * c_prev", "df = dc * cs[t]"),
    "tanh_c before its curve (o)": ("do = dh * tanh_c", "do = dh * cs[t]"),
    "factor tanh_c missing (o)": ("do = dh * tanh_c", "do = dh"),
    "factor o missing (tanh_c)": (
        "dc = dc_next + dh * o * (1 - tanh_c**2)",
        "dc = dc_next + dh * (1 - tanh_c**2)",
    ),
    "term dropped (tanh_c from h)": ("dc = dc_next + dh * o * (1 - tanh_c**2)", "dc = dc_next"),
    "tanh′ missing (tanh_c)": (
        "dc = dc_next + dh * o * (1 - tanh_c**2)",
        "dc = dc_next + dh * o",
    ),
    "tanh′ at the pre-activation (tanh_c)": (
        "dc = dc_next + dh * o * (1 - tanh_c**2)",
        "dc = dc_next + dh * o * (1 - cs[t] ** 2)",
    ),
    "tanh′ of the output (tanh_c)": (
        "dc = dc_next + dh * o * (1 - tanh_c**2)",
        "dc = dc_next + dh * o * (1 - np.tanh(tanh_c) ** 2)",
    ),
    "tanh′ missing (g)": ("da_g = dg * (1 - g**2)", "da_g = dg"),
    "tanh′ at the pre-activation (g)": ("da_g = dg * (1 - g**2)", "da_g = dg * (1 - a_g**2)"),
    "tanh′ wrong (g: y (1 − y))": ("da_g = dg * (1 - g**2)", "da_g = dg * g * (1 - g)"),
    "sigmoid′ missing (i)": ("da_i = di * i * (1 - i)", "da_i = di"),
    "sigmoid′ missing (f)": ("da_f = df * f * (1 - f)", "da_f = df"),
    "sigmoid′ missing (o)": ("da_o = do * o * (1 - o)", "da_o = do"),
    "sigmoid′ wrong (o: y)": ("da_o = do * o * (1 - o)", "da_o = do * o"),
    "sigmoid′ wrong (i: 1 − y)": ("da_i = di * i * (1 - i)", "da_i = di * (1 - i)"),
    "sigmoid′ at the pre-activation (f)": (
        "da_f = df * f * (1 - f)",
        "da_f = df * a_f * (1 - a_f)",
    ),
    "sigmoid′ missing (every sigmoid)": (
        *("da_i = di * i * (1 - i)", "da_i = di"),
        *("da_f = df * f * (1 - f)", "da_f = df"),
        *("da_o = do * o * (1 - o)", "da_o = do"),
    ),
    "sigmoid′ of the output (every sigmoid)": (
        *("da_i = di * i * (1 - i)", "da_i = di * sigmoid(i) * (1 - sigmoid(i))"),
        *("da_f = df * f * (1 - f)", "da_f = df * sigmoid(f) * (1 - sigmoid(f))"),
        *("da_o = do * o * (1 - o)", "da_o = do * sigmoid(o) * (1 - sigmoid(o))"),
    ),
    "factor g missing (i)": ("di = dc * g", "di = dc"),
    "own value as the factor (g)": ("dg = dc * i", "dg = dc * g"),
    "sign (i from i·g)": ("di = dc * g", "di = -dc * g"),
    "gates in the order i f o g on the way back": (
        "da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)",
        "da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)",
    ),
    # from here on the derivative is right, but of another net
    "first state taken for zero": (
        'hs, cs, saved, ps = {-1: weights["h_0"]}, {-1: weights["c_0"]}, {}, {}',
        'hs, cs, saved, ps = {-1: 0 * weights["h_0"]}, {-1: 0 * weights["c_0"]}, {}, {}',
    ),
    "c_{t−1} where h_{t−1} belongs, forward as well": (
        *(
            "a = x @ W_ih.T + b_ih + hs[t - 1] @ W_hh.T + b_hh",
            "a = x @ W_ih.T + b_ih + cs[t - 1] @ W_hh.T + b_hh",
        ),
        *("dW_hh += da.T @ h_prev", "dW_hh += da.T @ c_prev"),
        *("dh_next = da @ W_hh", "dc_next = dc_next + da @ W_hh"),
    ),
    "gates read in the order f g i o": (
        *(
            "a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)",
            "a_f, a_g, a_i, a_o = np.split(a, 4, axis=1)",
        ),
        *(
            "da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)",
            "da = np.concatenate([da_f, da_g, da_i, da_o], axis=1)",
        ),
    ),
}
