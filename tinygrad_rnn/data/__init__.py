"""Text to integers to batches; re-exports only. Nothing in it imports more than NumPy."""

from .batches import Batches, Window, one_pass
from .bigram import BigramModel
from .text import package_source, read_text, split
from .vocabulary import Vocabulary

__all__ = [
    "Vocabulary",
    "read_text",
    "split",
    "package_source",
    "Batches",
    "Window",
    "one_pass",
    "BigramModel",
]
