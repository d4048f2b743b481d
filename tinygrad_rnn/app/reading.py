"""Reading: what goes on in a trained net while it reads a text, in double precision.

Imports manual, nn, ops, bptt, the engine and the files above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import manual
from ..bptt import Account, StateJacobian, gradient_flow, ledger, state_jacobian
from ..engine.errors import explain
from ..engine.recording import no_grad
from ..engine.value import Value
from ..nn import LanguageModel
from ..ops import softmax_cross_entropy
from .trained import TextModel, new_model

GATES = {"rnn": (), "lstm": ("i", "f", "o"), "gru": ("r", "z")}
BY_HAND: dict[str, Any] = {"rnn": manual.rnn, "lstm": manual.lstm, "gru": manual.gru}


class Reading:
    """A net that reads a text from its first state on, without dropout.

    Parameters
    ----------
    trained : TextModel
        The net; what is computed with is a copy of it in float64, in which a gradient can fade
        through many more powers of ten.
    text : str
        What it reads, T characters.

    Raises
    ------
    ValueError
        If the net does not know a character.

    Examples
    --------
    >>> from tinygrad_rnn.app import Reading, load
    >>> reading = Reading(load("runs/demo"), "def f(x):")  # doctest: +SKIP
    >>> reading.gates()["f"].shape  # doctest: +SKIP
    (9, 128)
    """

    def __init__(self, trained: TextModel, text: str) -> None:
        self.text, self.config, self.step = text, trained.config, trained.step
        self.ids = trained.vocabulary.encode(text)
        size = len(trained.vocabulary)
        self.model = new_model(self.config, size, np.random.default_rng(0), "float64").eval()
        self.model.load_state_dict(trained.model.state_dict())

    @property
    def layers(self) -> int:
        """How many recurrent layers there are; the last is the highest."""
        return self.config.layers

    def flow(self) -> dict[str, NDArray[np.float64]]:
        """Measure what of the last character's loss arrives at each state, ‖∂L/∂h_t‖.

        Returns
        -------
        dict from label to array, shape (T − 1,)
            Of the trained net's highest layer; and, to compare with, of nets of the same size that
            have learned nothing yet.
        """
        nets = {f"this {self.config.cell}, after {self.step:,} steps": self.model}
        for cell in ("rnn", "gru") if self.config.cell == "gru" else ("rnn",):
            nets[f"fresh {cell}"] = self._fresh(cell)
        for bias in (0.0, 1.0):
            nets[f"fresh lstm, forget bias {bias:g}"] = self._fresh("lstm", bias)
        flows = {}
        for label, net in nets.items():
            h = states(net, self.ids[:-1])  # (T − 1, H)
            loss = softmax_cross_entropy(net.head(h[-1:]), self.ids[-1:])
            flows[label] = gradient_flow(loss, h)
        return flows

    def account(self, name: str) -> Account:
        """Take the account of a weight: the mean loss over the text, by the step of each use.

        Raises
        ------
        ValueError
            If there is no weight of this name that is used at every step.
        """
        weights = dict(self.model.named_parameters())
        of_steps = [key for key in weights if not key.startswith("head.")]
        if name not in of_steps:
            raise ValueError(
                explain(
                    f"{name!r} is no weight that is used at every step",
                    fix=f"choose one of {', '.join(of_steps)}",
                )
            )
        h = states(self.model, self.ids[:-1])  # (T − 1, H)
        loss: Value = softmax_cross_entropy(self.model.head(h), self.ids[1:])
        return ledger(loss, {name: weights[name]})[name]

    def jacobian(self) -> StateJacobian:
        """Differentiate each state of the highest layer by every earlier one."""
        return state_jacobian(states(self.model, self.ids))

    def gates(self, layer: int = -1) -> dict[str, NDArray[np.float64]]:
        """Return how far the gates of a layer are open at each character.

        Returns
        -------
        dict from name to array, shape (T, H)
            Between 0 and 1: of an LSTM the gates i f o, of a GRU r z.

        Raises
        ------
        ValueError
            If the net has no gates, or no such layer.
        """
        names = GATES[self.config.cell]
        if not names:
            raise ValueError(
                explain(
                    f"the cell {self.config.cell!r} has no gates",
                    fix="name a run of an lstm or a gru",
                )
            )
        taken, _ = self._taken(layer)
        return {name: np.concatenate([getattr(s, name) for s in taken]) for name in names}

    def hidden(self, layer: int = -1) -> NDArray[np.float64]:
        """Return the states h of a layer: what each unit did when it had read a character, (T, H).

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        taken, last = self._taken(layer)
        return np.concatenate([*(s.h_prev for s in taken[1:]), last])

    def _taken(self, layer: int) -> tuple[list[Any], NDArray[np.float64]]:
        """Run the layers by the derivation by hand, which keeps every number of every step."""
        layer = self._checked(layer)
        with no_grad():
            x = self.model.embedding(self.ids[:, None]).data  # (T, 1, E)
        forward = BY_HAND[self.config.cell].forward
        _, state, cache = forward(self.model.rnn.state_dict(), x)
        h = state[0] if isinstance(state, tuple) else state  # (layers, 1, H)
        return [step.saved for step in cache.runs[layer, 0]], h[layer]

    def _checked(self, layer: int) -> int:
        if not -self.layers <= layer < self.layers:
            raise ValueError(
                explain(
                    f"layer {layer} of {self.layers}",
                    why="layers are numbered from 0, the lowest",
                    fix=f"choose one from 0 to {self.layers - 1}",
                )
            )
        return layer % self.layers

    def _fresh(self, cell: str, forget_bias: float | None = None) -> LanguageModel:
        """Make a net of the same size with first weights."""
        return LanguageModel(
            self.model.head.weight.shape[0],
            self.config.hidden,
            cell=cell,
            num_layers=self.layers,
            forget_bias=forget_bias,
            generator=np.random.default_rng(self.config.seed),
        )


def states(model: LanguageModel, ids: NDArray[Any]) -> Value:
    """Return the states of a net's highest layer, (T, H), stacked of those of each step."""
    h, _ = model.rnn(model.embedding(ids))
    output: Value = h
    return output
