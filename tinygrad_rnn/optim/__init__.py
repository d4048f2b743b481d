"""Optimisers, schedules and clipping; re-exports only.

They see of a parameter nothing but `.data` and `.grad`, and import nothing of ours outside.
"""

from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .decay import CosineAnnealingLR, ExponentialLR, LinearLR, StepLR
from .optimizer import Optimizer
from .parameters import Parameter
from .rmsprop import RMSprop
from .schedule import LambdaLR, LRScheduler
from .sequential import SequentialLR
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "RMSprop",
    "Adam",
    "AdamW",
    "Optimizer",
    "Parameter",
    "clip_grad_norm_",
    "clip_grad_value_",
    "LRScheduler",
    "LambdaLR",
    "StepLR",
    "ExponentialLR",
    "LinearLR",
    "CosineAnnealingLR",
    "SequentialLR",
]
