"""Who is measured on what. A target is written ``module:function`` and loaded where it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A family of cases and who runs them; targets are written ``module:function``."""

    make: str
    reference: str
    peers: dict[str, str]  # the first is what the others are compared with


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
        "eager, own loop, head after it": "ours:eager_head_after",
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
    },
)
SCALARS = Work(
    make="scalars:make",
    reference="scalars:by_hand",
    peers={
        "micrograd": "scalars:micrograd",
        "ours": "scalars:ours",
        "ours, retain_grad=False": "scalars:ours_leaves_only",
    },
)
