"""From a model file to probabilities, without torch."""
