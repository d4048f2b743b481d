"""Plots of what happens through time; each takes a Matplotlib Axes, draws on it and returns it.

They take numbers, and what `bptt` returns, and compute nothing but colours. Where no Axes is given,
a new figure is made. Imports NumPy and the files above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .axes import LINES, NOTHING, axes, heat_map, largest, misfit, numbers, whole_numbers
from .reading_plots import gates, neuron

__all__ = ["curve", "flow", "gates", "jacobian", "ledger", "neuron"]

DECADES = 8  # powers of ten that colours tell apart


def flow(norms: Mapping[str, Any], ax: Any = None) -> Any:
    """Draw how much of a loss arrives at each state: a line for each net.

    Parameters
    ----------
    norms : mapping from label to array, shape (T,)
        ‖∂L/∂h_t‖ of each net, as `bptt.gradient_flow` returns it.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a line is no vector, or nowhere above zero.
    ModuleNotFoundError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> ax = tg.viz.plots.flow({"rnn": [0.1, 1.0]}, Figure().subplots())
    >>> ax.get_title()
    'What of the loss arrives at each state'
    """
    lines = {label: numbers(x, 1, f"the line {label!r}") for label, x in norms.items()}
    for label, line in lines.items():
        largest(line, f"the line {label!r}")
    ax = axes(ax)
    for i, (label, line) in enumerate(lines.items()):
        above = np.where(line > 0, line, np.nan)  # a gap where nothing arrives
        ax.plot(above, color=LINES[i % len(LINES)], marker="o", markersize=3, label=label)
    ax.set_yscale("log")
    ax.set_xlabel("time step $t$")
    ax.set_ylabel(r"$\Vert\partial L/\partial h_t\Vert$")
    ax.set_title("What of the loss arrives at each state")
    ax.grid(axis="y", color=NOTHING, linewidth=0.5)
    whole_numbers(ax.xaxis)
    ax.legend(frameon=False)
    return ax


def ledger(account: Any, ax: Any = None, *, between: tuple[float, float] | None = None) -> Any:
    """Draw an account of the ledger as a heat map: loss at t′ against use at t.

    Parameters
    ----------
    account : bptt.Account
        ``bptt.ledger(loss, params)[name]``.
    ax : matplotlib.axes.Axes, optional
    between : pair of float, optional
        The lengths of the darkest and the lightest colour, to be the same for several plots; else
        those of the shortest and the longest contribution.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If no contribution is above zero, or `between` is not two such lengths.
    ModuleNotFoundError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> w, h, states = tg.Value([[0.5]], name="w"), tg.Value([1.0]), []
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w @ h
    ...     states.append(h)
    >>> ax = tg.viz.plots.ledger(tg.bptt.ledger(h.sum(), {"w": w})["w"], Figure().subplots())
    >>> ax.get_title()
    'w'
    """
    norms = account.norms
    steps = [t for pair in norms for t in pair]
    first, last = min(steps, default=0), max(steps, default=0)
    sizes = np.full((last - first + 1, last - first + 1), np.nan)
    for (loss_step, t), size in norms.items():
        sizes[loss_step - first, t - first] = size
    top = largest(sizes, f"the account of {account.name!r}")
    ax = axes(ax)
    if between is None:
        low = max(float(np.nanmin(np.where(sizes > 0, sizes, np.nan))), top / 10**DECADES)
        between = low, max(top, 2 * low)
    heat_map(ax, sizes, first, "viridis", between, "‖contribution‖")
    ax.set_xlabel("weight used at step $t$")
    ax.set_ylabel("loss at step $t'$")
    ax.set_title(account.name, parse_math=False)
    return ax


def jacobian(
    jac: Any, ax: Any = None, *, measure: str = "norms", reach: float | None = None
) -> Any:
    r"""Draw how much each state depends on every earlier one: t against k.

    Parameters
    ----------
    jac : bptt.StateJacobian
        What `bptt.state_jacobian` returns. Of a batch, the largest of all sequences is drawn.
    ax : matplotlib.axes.Axes, optional
    measure : {"norms", "spectral_radius"}
        Of each ∂h_t/∂h_k. What shrinks is blue, what grows is red, 1 is white.
    reach : float, optional
        The size of the strongest red, whose reciprocal is the strongest blue, to be the same for
        several plots; else that of what has grown or shrunk most.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such measure, or `reach` is not above 1.
    ModuleNotFoundError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> w, h, states = tg.Value([[0.5]], name="w"), tg.Value([1.0]), []
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = w @ h
    ...     states.append(h)
    >>> ax = tg.viz.plots.jacobian(tg.bptt.state_jacobian(states), Figure().subplots())
    >>> ax.get_title()
    '$\\partial h_t/\\partial h_k$: blue has shrunk, red has grown'
    """
    derivative = r"\partial h_t/\partial h_k"
    labels = {
        "norms": rf"$\Vert{derivative}\Vert$",
        "spectral_radius": rf"spectral radius of ${derivative}$",
    }
    if measure not in labels:
        raise misfit(f"jacobian: measure={measure!r}", "measure='norms' or 'spectral_radius'")
    sizes = np.array(getattr(jac, measure))
    sizes = sizes.max(axis=2) if sizes.ndim == 3 else sizes  # (T, T)
    sizes[np.triu_indices(len(sizes), 1)] = np.nan
    if reach is None:
        seen = np.log10(sizes[np.isfinite(sizes) & (sizes > 0)])
        reach = 10 ** np.clip(np.max(np.abs(seen), initial=0.0), 0.5, DECADES)
    ax = axes(ax)
    heat_map(ax, sizes, 0, "RdBu_r", (1 / reach, reach), labels[measure])
    ax.set_xlabel("earlier state $k$")
    ax.set_ylabel("later state $t$")
    ax.set_title(f"${derivative}$: blue has shrunk, red has grown")
    return ax


def curve(columns: Mapping[str, Any], ax: Any = None) -> Any:
    """Draw how a training run has gone.

    Parameters
    ----------
    columns : mapping from name to array, shape (N,)
        ``step`` and ``loss``; ``validation_loss`` and ``bigram_loss`` where there are any. In
        nats per character; NaN or None where nothing was measured.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the columns are not equally long, or step or loss is missing.
    ModuleNotFoundError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import tinygrad_rnn as tg
    >>> ax = tg.viz.plots.curve({"step": [1, 2], "loss": [3.0, 2.5]}, Figure().subplots())
    >>> ax.get_title()
    'Learning curve'
    """
    if not {"step", "loss"} <= columns.keys():
        raise misfit(f"columns {', '.join(columns) or '(none)'}", "at least step and loss")
    data = {name: numbers(x, 1, f"column {name!r}") for name, x in columns.items()}
    step = data["step"]
    if any(len(x) != len(step) for x in data.values()):
        lengths = ", ".join(f"{name} {len(x)}" for name, x in data.items())
        raise misfit(f"columns of lengths {lengths}", "columns of one length")
    ax = axes(ax)
    ax.plot(step, data["loss"], color=LINES[4], linewidth=0.8, label="training, each window")
    for name, x in data.items():
        known = np.isfinite(x)
        if name == "validation_loss" and np.any(known):
            ax.plot(step[known], x[known], color=LINES[0], marker="o", label="validation")
        elif name == "bigram_loss" and np.any(known):  # one number: from side to side
            ax.axhline(x[known][-1], color=LINES[1], linestyle="--", label="bigram, validation")
    ax.set_xlabel("step")
    ax.set_ylabel("loss (nats per character)")
    to_bits, to_nats = (lambda nats: nats / math.log(2)), (lambda bits: bits * math.log(2))
    right = ax.secondary_yaxis("right", functions=(to_bits, to_nats))
    right.set_ylabel("bits per character")
    ax.set_title("Learning curve")
    whole_numbers(ax.xaxis)
    ax.legend(frameon=False, loc="upper right")  # a loss falls; the best place takes long to find
    return ax
