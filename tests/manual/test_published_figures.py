"""Numbers that five public notebooks print for nets written by hand, each from its own code.

Where a notebook prints its weights rounded, results agree within that rounding. Where a printed
gradient is wrong, the test says by what.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from tinygrad_rnn.manual import cross_entropy, language_model, lstm, rnn


def close(ours: Any, printed: Any, atol: float) -> None:
    np.testing.assert_allclose(ours, printed, rtol=0, atol=atol)


class TestThreeCharacters:
    """V = 4, H = 3, inputs 1, 2, 3; weights printed to eight decimals."""

    WEIGHTS: ClassVar = {
        "embedding.weight": np.eye(4),
        "rnn.weight_ih_l0": np.array(
            [
                [-0.0246867, -0.01388412, -0.01374919, -0.00191876],
                [-0.01397797, 0.00897254, -0.01009596, -0.00666188],
                [0.00431107, 0.00232595, -0.01185167, -0.00438465],
            ]
        ),
        "rnn.weight_hh_l0": np.array(
            [
                [-0.00915568, 0.00113654, 0.01755194],
                [-0.00070391, 0.00096014, -0.00965476],
                [0.00554101, -0.00473686, -0.00104836],
            ]
        ),
        "head.weight": np.array(
            [
                [-0.0064983, 0.01020995, -0.00232772],
                [-0.0039177, 0.0006422, -0.00051127],
                [-0.00115289, -0.0075742, -0.001058],
                [-0.00283878, -0.01293675, -0.0020665],
            ]
        ),
    }

    def test_states_logits_and_probabilities(self) -> None:
        inputs, targets = np.array([1, 2, 3]), np.array([2, 3, 0])
        _, h_n, cache = language_model.forward(self.WEIGHTS, inputs, targets, cell="rnn")
        close(cache.output[0], [-0.01388323, 0.0089723, 0.00232595], 2e-8)
        close(cache.output[1], [-0.01357023, -0.01009969, -0.01197296], 2e-8)
        close(cache.output[2], [-0.00201614, -0.00654633, -0.00439942], 2e-8)
        close(h_n[0], cache.output[2], 0)
        printed = [1.76410078e-04, 5.89631536e-05, -5.44130023e-05, -8.14676239e-05]
        close(cache.logits[0], printed, 1e-9)
        probabilities = np.exp(cache.loss.log_p[0])
        close(probabilities, [0.25003789, 0.25000852, 0.24998018, 0.24997341], 1e-8)


class TestHelloWorld:
    """H = 64, one-hot characters, every draw from one legacy generator of seed 0."""

    def test_sample_of_the_untrained_net(self) -> None:
        characters, H, V = "edrlhw o", 64, 8
        draw = np.random.RandomState(0)
        Wxh, Whh, bh = draw.randn(H, V), draw.randn(H, H), draw.randn(1, H)
        Why, by = draw.randn(V, H), draw.randn(1, V)
        draw.randn(1, V), draw.randn(1, H)  # an input and a state that a cell before only looks at
        weights = {"weight_ih_l0": Wxh, "weight_hh_l0": Whh, "bias_ih_l0": bh[0]}
        weights["bias_hh_l0"] = np.zeros(H)
        index, h, text = characters.index("h"), None, ""
        for _ in range(4):
            output, h, _ = rnn.forward(weights, np.eye(V)[[index]], h)
            _, cache = cross_entropy.forward(output @ Why.T + by, np.array([0]))
            index = draw.choice(V, p=np.exp(cache.log_p[0]))
            text += characters[index]
        assert text == "oww "


class TestOneStep:
    """V = 4, H = 3, input 2, target 3, one step from h = 0, cell by cell."""

    WEIGHTS: ClassVar = {
        "embedding.weight": np.eye(4),
        "rnn.weight_ih_l0": np.array(
            [
                [-1.36458834e-03, 1.10118612e-02, -4.54390582e-03, 4.92045527e-03],
                [1.13343035e-02, -6.62299760e-03, -7.77568912e-03, 1.52714559e-02],
                [-1.12811396e-02, 3.55922825e-05, -3.11710168e-02, 3.23161113e-02],
            ]
        ),
        "rnn.weight_hh_l0": np.array(
            [
                [-0.00079653, -0.00196604, -0.01944714],
                [-0.00086006, 0.00289614, -0.0056044],
                [-0.01720294, 0.00805431, -0.00951426],
            ]
        ),
        "rnn.bias_ih_l0": np.zeros(3),
        "rnn.bias_hh_l0": np.zeros(3),
        "head.weight": np.array(
            [
                [-0.012362, -0.00467771, -0.00561026],
                [0.00035526, -0.00330591, -0.0058389],
                [-0.01553049, -0.01051185, -0.00296599],
                [-0.00112019, -0.01283274, -0.01498699],
            ]
        ),
        "head.bias": np.zeros(4),
    }

    def test_every_printed_number(self) -> None:
        loss, _, cache = language_model.forward(
            self.WEIGHTS, np.array([2]), np.array([3]), cell="rnn"
        )
        gradients, d_h_0 = language_model.backward(cache)
        close(cache.output[0], [-0.00454387, -0.00777553, -0.03116093], 6e-9)
        close(cache.logits[0], [0.00026736, 0.00020604, 0.00024473, 0.00057188], 1e-8)
        assert loss == pytest.approx(1.38604499354, abs=1e-8)
        close(gradients["head.bias"], [0.24998621, 0.24997088, 0.24998055, -0.74993765], 1e-8)
        close(gradients["head.weight"][3], [0.00340762, 0.00583116, 0.02336875], 1e-8)
        dh_raw = gradients["rnn.bias_ih_l0"]
        close(dh_raw, [-0.00604365, 0.00499995, 0.00762842], 2e-8)
        close(d_h_0[0], [-1.30717501e-04, 8.78041806e-05, 1.69311833e-05], 1e-9)
        # The state before was zero, so the one step teaches the recurrent weight nothing.
        close(gradients["rnn.weight_hh_l0"], np.zeros((3, 3)), 0)
        # Cells that accumulate were run twice, and thirteen times.
        close(2 * dh_raw, [-0.0120873, 0.0099999, 0.01525683], 3e-8)
        dWxh = gradients["rnn.weight_ih_l0"]
        close(13 * dWxh[:, 2], [-0.07856743, 0.06499933, 0.0991694], 2e-7)
        close(dWxh[:, [0, 1, 3]], np.zeros((3, 3)), 0)


class TestNineNumbers:
    """x = 1 ... 9 as three steps of three; an RNN in several uses, and one step of an LSTM.

    The recurrent weight is printed as one row, [0, -1], which broadcasting makes two.
    """

    X = np.arange(1.0, 10.0).reshape(3, 3)
    ONE_WAY: ClassVar = {
        "weight_ih_l0": np.array([[-1.0, 0.0, 0.5], [1.0, 0.0, -0.5]]),
        "weight_hh_l0": np.array([[0.0, -1.0], [0.0, -1.0]]),
        "bias_ih_l0": np.ones(2),
        "bias_hh_l0": np.ones(2),
    }
    BOTH_WAYS: ClassVar = ONE_WAY | {f"{name}_reverse": w for name, w in ONE_WAY.items()}

    def test_hidden_states_regression_and_labels(self) -> None:
        output, h_n, _ = rnn.forward(self.ONE_WAY, self.X)
        close(output, [[0.9866, 0.9051], [0.0946, 0.9702], [-0.8996, 0.9983]], 5e-5)
        close(h_n, output[2:], 0)
        close(h_n @ [0.0, 1.0], [0.9983], 5e-5)
        logits = output @ np.array([[0.0, 1.0], [1.0, 0.0]]).T
        _, cache = cross_entropy.forward(logits, np.array([1, 0, 0]))
        printed = [[0.4796, 0.5204], [0.7059, 0.2941], [0.8697, 0.1303]]
        close(np.exp(cache.log_p), printed, 5e-5)

    def test_both_directions(self) -> None:
        output, h_n, _ = rnn.forward(self.BOTH_WAYS, self.X)
        forwards, backwards = output[:, :2].sum(axis=1), output[:, 2:].sum(axis=1)
        # The notebook pairs the two directions step by step, each in its own reading order ...
        close(forwards + backwards[::-1] + 1, [3.4294, 3.0290, 2.5000], 1e-4)
        # ... a library's layer pairs what belongs to the same time; the last states agree.
        close(forwards + backwards + 1, [4.2931, 3.0290, 1.6363], 1e-4)
        close(h_n.sum() + 1, 2.5000, 1e-4)

    def test_lstm_step(self) -> None:
        input_gate = [[-1.0, 0.0, 0.5], [-1.0, 0.0, -0.5]]
        forget_gate = [[1.0, 0.0, 0.5], [1.0, 0.0, -0.5]]
        candidate = [[1.0, 0.0, -0.5], [1.0, 0.0, -0.5]]
        output_gate = [[1.0, 1.0, 0.5], [1.0, -1.0, -0.5]]
        weights = {
            "weight_ih_l0": np.array(input_gate + forget_gate + candidate + output_gate),
            "weight_hh_l0": np.array([[0.0, 1.0], [0.0, -1.0]] * 4),
        }
        output, _, cache = lstm.forward(weights, self.X[:1])
        close(output[0], [-0.2769, -0.0027], 5e-5)
        saved = cache.runs[0, 0][0].saved
        log_odds = [np.log(gate / (1 - gate)) for gate in (saved.i[0], saved.f[0], saved.o[0])]
        close(log_odds, [[0.5, -2.5], [2.5, -0.5], [4.5, -2.5]], 1e-12)
        close(np.arctanh(saved.g[0]), [-0.5, -0.5], 1e-12)


class TestIAmLearningRNN:
    """First window of three characters, H = 4, every weight from seed 123, as float32."""

    def test_gradients(self) -> None:
        text = "I am learning RNN"
        characters = sorted(set(text))
        ids = np.array([characters.index(c) for c in text])

        def drawn(*shape: int) -> np.ndarray:
            return np.random.RandomState(123).randn(*shape).astype(np.float32).astype(np.float64)

        weights = {
            "embedding.weight": np.eye(12),
            "rnn.weight_ih_l0": drawn(12, 4).T,
            "rnn.weight_hh_l0": drawn(4, 4).T,
            "rnn.bias_ih_l0": np.zeros(4),
            "rnn.bias_hh_l0": np.zeros(4),
            "head.weight": drawn(4, 12).T,
            "head.bias": np.zeros(12),
        }
        _, gradients = language_model.loss_and_gradients(weights, ids[:3], ids[1:4], cell="rnn")
        # Its weights are stored the other way round, so its rows are columns here.
        dWxh, dWhy = gradients["rnn.weight_ih_l0"].T, gradients["head.weight"].T
        printed = [-5.8980067e-03, -1.0567507e-03, 5.3060856e-02, 3.2835844e-01]
        np.testing.assert_allclose(dWxh[0], printed, rtol=2e-7)
        printed = [-2.1574606e-01, -4.6572205e-02, -1.2665960e-03, -2.1078084e-01]
        np.testing.assert_allclose(dWxh[1], printed, rtol=2e-7)
        printed = [2.6740572e-01, -2.2931943e-04, -1.3003336e-01, 3.1455082e-03]
        np.testing.assert_allclose(dWxh[4], printed, rtol=2e-7)
        close(np.delete(dWxh, [0, 1, 4], axis=0), np.zeros((9, 4)), 0)
        printed = [8.50889087e-02, 6.36707619e-03, -7.47825659e-04, -1.98840220e-02]
        np.testing.assert_allclose(dWhy[0, :4], printed, rtol=2e-7)
        # These two the notebook breaks off before; recomputed from its code.
        dWhh, dbh = gradients["rnn.weight_hh_l0"].T, gradients["rnn.bias_ih_l0"]
        close(dWhh[0], [-0.26273501, 0.0007792, 0.10157918, -0.17441405], 1e-8)
        close(dbh, [0.04576163, -0.04785828, -0.07823911, 0.12072311], 1e-8)
