"""The recurrent layers differentiated by hand: the witness that the engine's gradients answer to.

This room imports NumPy alone and nothing of the package outside itself, because a witness must
share no code with what it testifies about. Every line of a forward or backward step that is a
formula carries a number such as ``(L9)``; ``docs/derivation.md`` derives the line of that number.

Submodules, in the order in which one builds on another:

========================  =========================================================================
``cross_entropy``         softmax and cross-entropy of integer targets
``rnn`` ``lstm`` ``gru``  a step, its derivative, and the layer: ``forward`` and ``backward``
``language_model``        embedding, layer, linear head and loss; gradients under a model's names
========================  =========================================================================

Weights come as a dict of arrays under PyTorch's names, and how many layers there are, whether they
run both ways and whether they have biases is read off those names.

Examples
--------
>>> import numpy as np
>>> from tinygrad_rnn.manual import rnn
>>> weights = {"weight_ih_l0": np.array([[0.5]]), "weight_hh_l0": np.array([[0.8]])}
>>> output, h_n, cache = rnn.forward(weights, np.array([[1.0], [-1.0]]))
>>> gradients, d_x, d_h_0 = rnn.backward(cache, np.ones_like(output))
>>> gradients["weight_hh_l0"].round(6)
array([[0.454359]])
"""

from __future__ import annotations

from . import cross_entropy, gru, language_model, lstm, rnn

__all__ = ["cross_entropy", "gru", "language_model", "lstm", "rnn"]
