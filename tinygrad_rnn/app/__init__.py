"""The application: text in, a trained model and its writing out. The room that knows everybody."""

from .config import Config
from .reading import Reading
from .trained import TextModel, load
from .training import Training

__all__ = ["Config", "Reading", "TextModel", "Training", "load"]
