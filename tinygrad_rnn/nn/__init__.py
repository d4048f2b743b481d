"""Recurrent nets as modules. No derivative is written here: everything is composed from ops.

Names, shapes, gate order and calling convention of the parameters and layers are PyTorch's.
"""

from . import init
from .carrying import detach_state
from .cells import GRUCell, LSTMCell, RNNCell
from .language_model import LanguageModel
from .layers import Dropout, Embedding, Linear
from .module import Module
from .sequence import GRU, LSTM, RNN

__all__ = [
    "Module",
    "Linear",
    "Embedding",
    "Dropout",
    "RNNCell",
    "LSTMCell",
    "GRUCell",
    "RNN",
    "LSTM",
    "GRU",
    "LanguageModel",
    "detach_state",
    "init",
]
