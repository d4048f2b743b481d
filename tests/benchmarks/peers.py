"""Who is measured on what. A target is written ``module:function`` and loaded where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Work:
    """A family of cases and who runs them; targets are written ``module:function``."""

    make: str
    reference: str
    peers: dict[str, str]  # the first is what the others are compared with
    aims: dict[str, dict[str, float]] = field(default_factory=dict)  # ratios, by case


RECURRENT = Work(
    make="problem:make",
    reference="classic:classic",
    peers={
        "classic NumPy": "classic:classic",
        "best NumPy by hand": "best:best",
        "torch, cells in a loop": "frameworks:torch_cells",
        "torch.nn layer": "frameworks:torch_layer",
        "JAX, jit and scan": "frameworks:jax_jit",
        "eager, layer": "ours:eager_layer",
        "eager, own loop": "ours:eager_loop",
        "eager, own loop, rows of Wx": "ours:eager_rows",
        "eager, own loop, head after it": "ours:eager_head_after",
        "compiled, layer": "ours:compiled_layer",
        "compiled, own loop": "ours:compiled_loop",
        "compiled, own loop, rows of Wx": "ours:compiled_rows",
        "compiled, own loop, head after it": "ours:compiled_head_after",
    },
    aims={
        "aim, eager": {"rnn1": 0.5, "lstm1": 0.6, "rnn50": 1.0, "lstm50": 1.0, "lstm64": 1.0},
        "aim, compiled": {
            "rnn1": 0.09,
            "lstm1": 0.10,
            "rnn50": 0.53,
            "lstm50": 0.65,
            "lstm64": 0.70,
        },
    },
)
TRAINING = Work(
    make="problem:make",
    reference="training:classic_adam",
    peers={
        "classic NumPy": "training:classic_adam",
        "best NumPy by hand": "training:best_adam",
        "torch.nn layer": "training:torch_adam",
        "eager, layer": "training:eager_layer_adam",
        "eager, own loop": "training:eager_loop_adam",
        "eager, layer, in tg.debug()": "training:watched_layer_adam",
        "eager, layer, if there were no tg.debug": "unwatched:layer_adam",
        "compiled, layer": "training:compiled_layer_adam",
        "compiled, own loop": "training:compiled_loop_adam",
    },
)
SCALARS = Work(
    make="scalars:make",
    reference="scalars:by_hand",
    peers={
        "micrograd": "scalars:micrograd",
        "ours": "scalars:ours",
        "ours, retain_grad=False": "scalars:ours_leaves_only",
        "ours, if there were no tg.debug": "unwatched:scalars",
    },
    aims={"aim": {"network": 1.0}},
)
FOREIGN = ("torch", "JAX", "micrograd")
"""How the names of those begin that `pip install tinygrad-rnn[bench]` brings."""
