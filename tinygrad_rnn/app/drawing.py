"""``tinygrad-rnn draw``: the graph of a small recurrent net, as a picture in a file.

Imports the files above, and nets and pictures of the package.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np

from ..engine.value import Value
from ..nn.language_model import LAYERS
from ..viz.dot import LIMIT, TooLarge, draw
from ..viz.rendering import NoLayoutProgram, ending_of
from .memory import check_net
from .progress import Progress
from .refusal import FAULTS_OF_INPUT, Refused, refusing

INPUT_SIZE, BATCH = 2, 1


def draw_net(arguments: Namespace) -> int:
    """Run the command; return its exit status.

    Raises
    ------
    Refused
        If the request cannot be met.
    """
    with refusing((*FAULTS_OF_INPUT, NoLayoutProgram)):
        ending_of(arguments.out)  # before anything is computed
        nodes = arguments.steps * arguments.layers  # at least, when every op is drawn
        if not arguments.rolled and arguments.depth is None and nodes > LIMIT:
            raise too_large(f"too many nodes for one drawing: {nodes:,} at least")
        loss = small_loss(arguments)
        try:
            drawing: Any = draw(loss, arguments.rolled, depth=arguments.depth)
        except TooLarge as error:
            raise too_large(str(error).partition("\n")[0]) from error
        drawing.write(arguments.out)
    progress = Progress(arguments.quiet, arguments.json)
    progress.say(f"wrote {arguments.out}")
    progress.event("drawn", file=str(arguments.out))
    return 0


def too_large(what: str) -> Refused:
    """Word the error of a drawing that would not be readable."""
    return Refused(
        f"{what}; --rolled draws each op once for all steps, --depth 1 a whole layer as one"
    )


def small_loss(arguments: Namespace) -> Value:
    """Run a net over random numbers and back: Σ h² over all its outputs."""
    sizes = (arguments.steps, arguments.hidden, arguments.layers)
    check_net(arguments.cell, *sizes, 1 + arguments.bidirectional)
    generator = np.random.default_rng(arguments.seed)
    layer: Any = LAYERS[arguments.cell](
        INPUT_SIZE,
        arguments.hidden,
        arguments.layers,
        bidirectional=arguments.bidirectional,
        generator=generator,
    )
    x = generator.normal(size=(arguments.steps, BATCH, INPUT_SIZE))  # (T, B, D)
    h, _ = layer(x)  # (T, B, H)
    loss: Value = (h * h).sum()
    loss.name = "loss"
    loss.backward()
    return loss
