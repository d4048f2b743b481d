"""Plots draw the numbers that they are given, where they belong, with readable labels."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import bptt, nn
from tinygrad_rnn.viz import plots
from tinygrad_rnn.viz.coloured_text import shade

T, D, H = 6, 3, 4


@pytest.fixture
def ax() -> Any:
    """Axes of a figure of its own, without a window and without Matplotlib's global state."""
    figure = pytest.importorskip("matplotlib.figure").Figure(layout="constrained")
    pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    return figure.add_subplot()


def drawn(ax: Any) -> list[str]:
    """Draw it all (warnings are errors: a missing glyph is one) and return what stands there."""
    ax.figure.canvas.draw()
    texts = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel()]
    assert all(texts), "title and both axes have words"
    return texts


def key(ax: Any) -> Any:
    """The Axes of the colour key."""
    (other,) = [other for other in ax.figure.axes if other is not ax]
    return other


def layer(kind: str = "LSTM") -> tuple[Any, tg.Value]:
    made = getattr(nn, kind)(D, H, generator=np.random.default_rng(0))
    output, _ = made(np.random.default_rng(1).normal(size=(T, 2, D)))
    return made, output


# flow


def test_flow_draws_a_line_for_each_net(ax: Any) -> None:
    lines = {}
    for kind in ("RNN", "LSTM"):
        _, output = layer(kind)
        lines[kind] = bptt.gradient_flow((output[-2] ** 2).sum(), output)
    assert plots.flow(lines, ax) is ax
    assert ax.get_yscale() == "log"
    for line, (label, norms) in zip(ax.lines, lines.items(), strict=True):
        assert line.get_label() == label
        np.testing.assert_array_equal(line.get_xdata(), np.arange(T))
        np.testing.assert_array_equal(line.get_ydata()[:-1], norms[:-1])
        assert np.isnan(line.get_ydata()[-1])  # the last state is behind the loss: a gap
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["RNN", "LSTM"]
    assert len({line.get_color() for line in ax.lines}) == 2
    assert drawn(ax)[1:] == ["time step $t$", r"$\Vert\partial L/\partial h_t\Vert$"]


def test_more_nets_than_colours(ax: Any) -> None:
    plots.flow({str(i): np.ones(3) for i in range(8)}, ax)
    assert len(ax.lines) == 8


# ledger


def test_the_ledger_stands_with_losses_upwards_and_uses_to_the_right(ax: Any) -> None:
    made, output = layer()
    account = bptt.ledger((output**2).sum(), made)["weight_hh_l0"]
    assert plots.ledger(account, ax) is ax
    (image,) = ax.images
    cells = image.get_array()
    for loss_step in range(T):
        for t in range(T):
            if t > loss_step or t == 0:  # h before the first step is zero
                assert np.ma.is_masked(cells[loss_step, t])
            else:
                assert cells[loss_step, t] == pytest.approx(account.norms[loss_step, t])
    assert image.get_extent() == [-0.5, T - 0.5, -0.5, T - 0.5]
    assert image.origin == "lower"
    assert drawn(ax) == ["weight_hh_l0", "weight used at step $t$", "loss at step $t'$"]
    assert key(ax).get_ylabel() == "‖contribution‖"
    low, high = image.get_clim()
    lengths = [x for x in account.norms.values() if x]
    assert (low, high) == (pytest.approx(min(lengths)), pytest.approx(max(lengths)))


def test_steps_need_not_begin_at_zero_nor_names_be_harmless(ax: Any) -> None:
    w, h = tg.Value(0.5), 1.0
    for t in (7, 8, 10):
        with tg.time_step(t):
            h = w * h
    plots.ledger(bptt.ledger(h, {"$w_{": w})["$w_{"], ax)  # no formula, no error
    (image,) = ax.images
    assert image.get_extent() == [6.5, 10.5, 6.5, 10.5]
    assert image.get_array()[3].tolist() == [0.25, 0.25, None, 0.25]
    assert drawn(ax)[0] == "$w_{"


def test_far_too_small_parts_keep_the_last_colour(ax: Any) -> None:
    account = bptt.Account("w", 1.0, {}, lambda: ({}, {(1, 0): 1e-30, (1, 1): 1.0}), dict)
    plots.ledger(account, ax)
    (image,) = ax.images
    assert image.get_clim() == (1e-8, 1.0)
    assert image.get_array()[1].tolist() == [1e-8, 1.0]
    assert image.colorbar.extend == "min"
    drawn(ax)


# jacobian


@pytest.mark.parametrize("measure", ["norms", "spectral_radius"])
def test_the_jacobian_is_white_at_one_and_grey_above_the_diagonal(ax: Any, measure: str) -> None:
    h, states = tg.Value(np.ones((2, 2))), []
    for _ in range(4):
        h = np.array([[0.5, 0.25], [2.0, 1.0]])[:, :1] * h  # one sequence shrinks, one grows
        states.append(h)
    jac = bptt.state_jacobian(states)
    assert plots.jacobian(jac, ax, measure=measure) is ax
    (image,) = ax.images
    cells = image.get_array()
    for t in range(4):
        for k in range(4):
            if k > t:
                assert np.ma.is_masked(cells[t, k])
            else:
                assert cells[t, k] == pytest.approx(2.0 ** (t - k))  # the larger of the two
    low, high = image.get_clim()
    assert low * high == pytest.approx(1.0)
    assert high == pytest.approx(8.0)
    assert "k" in drawn(ax)[1]
    assert key(ax).get_ylabel().startswith({"norms": r"$\Vert"}.get(measure, "spectral radius"))


def test_a_jacobian_of_one_state_and_one_that_is_infinite(ax: Any) -> None:
    jac = bptt.StateJacobian([np.full((1, 1), 1e200)] * 3, (1, 1), np.float64)
    assert np.isinf(jac.norms[3, 0])
    plots.jacobian(jac, ax)
    (image,) = ax.images
    assert image.get_clim() == (1e-8, 1e8)
    assert image.get_array()[3].tolist() == [1e8, 1e8, 1e8, 1.0]
    assert image.colorbar.extend == "max"
    drawn(ax)
    plots.jacobian(bptt.StateJacobian([], (1, 1), np.float64), ax)


def test_a_measure_that_is_none(ax: Any) -> None:
    with pytest.raises(ValueError, match=r"measure='norm'(.|\n)*'norms' or 'spectral_radius'"):
        plots.jacobian(None, ax, measure="norm")


# gates


def test_gates_stand_below_one_another_over_the_text(ax: Any) -> None:
    rng = np.random.default_rng(2)
    text = "a b\n\x1b$é"
    activations = {name: rng.uniform(size=(len(text), 3)) for name in ("i", "f", "o")}
    assert plots.gates(activations, text, ax) is ax
    (image,) = ax.images
    cells = image.get_array()
    assert cells.shape == (9, len(text))
    np.testing.assert_array_equal(cells[3:6], activations["f"].T)
    assert image.get_clim() == (0.0, 1.0)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["i", "f", "o"]
    assert ax.get_yticks().tolist() == [1.0, 4.0, 7.0]
    assert [line.get_ydata()[0] for line in ax.lines] == [2.5, 5.5]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [
        *"a␣b↵\N{REPLACEMENT CHARACTER}$é"
    ]
    drawn(ax)


def test_a_long_text_is_numbered(ax: Any) -> None:
    plots.gates({"z": np.full((500, 2), 0.5)}, "x" * 500, ax)
    assert drawn(ax)[1] == "character"
    assert len(ax.get_xticks()) < 20


# neuron


def test_a_unit_s_text_stands_in_rows_on_its_colours(ax: Any) -> None:
    text = "ab c\n" + "x" * 80 + "$_{\x1b"
    numbers = np.linspace(-1, 1, len(text))
    assert plots.neuron(numbers, text, ax) is ax
    (image,) = ax.images
    masked, cells = image.get_array().mask, image.get_array().filled(np.nan)
    assert cells.shape == (3, 72)  # a line of 5, and 84 characters in two rows
    np.testing.assert_array_equal(cells[0, :5], numbers[:5])
    np.testing.assert_array_equal(cells[1], numbers[5:77])
    np.testing.assert_array_equal(cells[2, :12], numbers[77:])
    assert masked.sum() == (72 - 5) + (72 - 12)
    assert image.get_clim() == (-1.0, 1.0)
    shown = {(x, y): t.get_text() for t in ax.texts for x, y in [t.get_position()]}
    assert [shown.get((x, 0), " ") for x in range(5)] == ["a", "b", " ", "c", "↵"]
    assert [shown[x, 2] for x in range(8, 12)] == ["$", "_", "{", "\N{REPLACEMENT CHARACTER}"]
    assert len(shown) == len(text) - 1  # all but the space
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "5", "77"]
    low, zero, high = (image.cmap(image.norm(x)) for x in (-1.0, 0.0, 1.0))
    assert zero == (1.0, 1.0, 1.0, 1.0)
    assert low[2] > low[0] and high[0] > high[2]  # blue below, orange above
    drawn(ax)


def test_the_colours_of_a_picture_are_those_of_the_page(ax: Any) -> None:
    from matplotlib.colors import to_hex

    plots.neuron([2.0, -0.5], "ab", ax)
    (image,) = ax.images
    assert image.get_clim() == (-2.0, 2.0)
    for x in (-2.0, 0.0, 2.0):
        assert to_hex(image.cmap(image.norm(x))) == shade(x / 2)


# curve


def test_the_curve_shows_what_was_measured(ax: Any) -> None:
    columns = {
        "step": [1, 2, 3, 4],
        "loss": [4.0, 3.0, 2.5, 2.2],
        "bits_per_character": [1.0, 1.0, 1.0, 1.0],
        "validation_loss": [None, 3.5, None, 2.4],
        "bigram_loss": [None, 2.6, None, 2.6],
    }
    assert plots.curve(columns, ax) is ax
    training, validation, bigram = ax.lines
    np.testing.assert_array_equal(training.get_ydata(), columns["loss"])
    np.testing.assert_array_equal(validation.get_xydata(), [[2, 3.5], [4, 2.4]])
    assert bigram.get_ydata() == [2.6, 2.6]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training, each window", "validation", "bigram, validation"]
    assert drawn(ax)[1:] == ["step", "loss (nats per character)"]
    (bits,) = ax.child_axes
    assert bits.get_ylabel() == "bits per character"
    low, high = ax.get_ylim()
    assert bits.get_ylim() == (pytest.approx(low / np.log(2)), pytest.approx(high / np.log(2)))


def test_a_curve_without_validation(ax: Any) -> None:
    plots.curve({"step": [1], "loss": [2.0], "validation_loss": [None]}, ax)
    assert len(ax.lines) == 1
    drawn(ax)


# For all of them.


def test_without_axes_a_new_figure_is_made() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    backend = matplotlib.get_backend()
    matplotlib.use("agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    try:
        one, two = (plots.flow({"a": [1.0, 2.0]}) for _ in range(2))
        assert one.figure is not two.figure
    finally:
        plt.close("all")
        matplotlib.use(backend)


def test_a_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tinygrad-rnn\[plot\]"'):
        plots.flow({"a": [1.0]})


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a line that is a matrix": (
        lambda ax: plots.flow({"a": np.ones((2, 2))}, ax),
        r"the line 'a' of shape \(2, 2\)",
    ),
    "a line of zeros": (
        lambda ax: plots.flow({"a": np.zeros(3)}, ax),
        "the line 'a' is nowhere above zero",
    ),
    "an empty account": (
        lambda ax: plots.ledger(bptt.Account("w", 0.0, {}, lambda: ({}, {}), dict), ax),
        "the account of 'w' is nowhere above zero",
    ),
    "no gates": (lambda ax: plots.gates({}, "", ax), "no gates"),
    "another text": (
        lambda ax: plots.gates({"i": np.ones((3, 2))}, "ab", ax),
        r"gate 'i' of shape \(3, 2\), and 2 characters",
    ),
    "gates of two sizes": (
        lambda ax: plots.gates({"i": np.ones((2, 2)), "f": np.ones((2, 3))}, "ab", ax),
        r"gate 'f' of shape \(2, 3\)",
    ),
    "a candidate": (
        lambda ax: plots.gates({"g": np.array([[-0.5], [0.5]])}, "ab", ax),
        "gate 'g' with values from -0.5 to 0.5",
    ),
    "a gate that is no number": (
        lambda ax: plots.gates({"i": np.array([[np.nan], [0.5]])}, "ab", ax),
        "gate 'i' with values",
    ),
    "numbers for another text": (
        lambda ax: plots.neuron([0.0, 1.0], "abc", ax),
        "2 activations, and 3 characters",
    ),
    "a text of too many lines": (
        lambda ax: plots.neuron(np.zeros(100), "\n" * 100, ax),
        "a text of 100 lines, and a picture has room for 60",
    ),
    "no loss": (lambda ax: plots.curve({"step": [1]}, ax), "columns step"),
    "columns of two lengths": (
        lambda ax: plots.curve({"step": [1], "loss": [1.0, 2.0]}, ax),
        "columns of lengths step 1, loss 2",
    ),
    "an empty run": (
        lambda ax: plots.curve({"step": [], "loss": []}, ax),
        "column 'step' of shape",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_numbers_that_cannot_be_drawn(ax: Any, name: str) -> None:
    call, said = WRONG[name]
    with pytest.raises(ValueError, match=said):
        call(ax)
    assert not ax.has_data()
