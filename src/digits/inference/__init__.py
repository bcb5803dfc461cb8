"""From a model file to probabilities, without torch."""

from digits.inference.model import Model, load_model

__all__ = ["Model", "load_model"]
