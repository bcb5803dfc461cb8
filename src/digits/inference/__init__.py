"""From a model file to answers, without torch: `Reader` reads pictures, `load_model` gives the bare network."""

from digits.inference.explain import explain
from digits.inference.model import Model, load_model
from digits.inference.reader import Reader, read, shipped_models
from digits.inference.results import Digit, Reading

__all__ = ["Digit", "Model", "Reader", "Reading", "explain", "load_model", "read", "shipped_models"]
