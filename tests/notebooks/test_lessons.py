"""What the notebooks say of themselves, beside printing it: an op of one's own, one bit kept."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.notebooks.figures import close, names_of


def losses(printed: str) -> list[float]:
    """List the losses that a training has printed."""
    return [float(x) for x in re.findall(r"^step +\d+  loss ([\d.]+)$", printed, re.MULTILINE)]


def test_the_op_is_softsign_and_its_cell_the_textbook_with_softsign_for_tanh() -> None:
    names = names_of("an_op_of_your_own")
    x = np.array([-2.0, 0.5])
    close(names["softsign"](x), [-2 / 3, 1 / 3], 1e-15)
    net, xs = names["net"], np.random.default_rng(1).normal(size=(3, 2, 2))
    h = c = np.zeros((2, 3))
    for x in xs:
        a = x @ net.W.data.T + h @ net.U.data.T + net.b.data
        i, f, o = (1 / (1 + np.exp(-a[:, k : k + 3])) for k in (0, 3, 9))
        c = f * c + i * a[:, 6:9] / (1 + np.abs(a[:, 6:9]))
        h = o * c / (1 + np.abs(c))
    close(net(xs)[-1], h, 1e-14)


def test_the_wrong_op_is_refused_and_the_cell_learns() -> None:
    names = names_of("an_op_of_your_own")
    assert names["report"].ok
    with pytest.raises(tg.check.OpCheckError):
        tg.check.check_op(names["hasty"], np.array([-3.0, 0.5]))
    first, *_, last = losses(names["printed"])
    assert last < 0.05 * first


def test_the_bit_is_kept_for_a_thousand_steps() -> None:
    names = names_of("odd_or_even")
    first, *_, last = losses(names["printed"])
    assert abs(first - np.log(2)) < 0.02 and last < 0.01
    bits = np.random.default_rng(5).integers(2, size=(1000, 8))
    with tg.no_grad():
        output, _ = names["lstm"](bits[..., None].astype(float))
        says_odd = names["head"](output).data[..., 0] > 0
    assert np.mean(says_odd == np.bitwise_xor.accumulate(bits)) > 0.999


def test_the_cell_that_is_shown_goes_with_the_answer() -> None:
    names = names_of("odd_or_even")
    assert names["agreement"][names["best"]] > 0.9


def test_the_gradient_of_the_trained_net_vanishes() -> None:
    norm = names_of("odd_or_even")["norm"]
    assert norm[0] < 1e-5 * norm[-1]
