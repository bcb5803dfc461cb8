"""The version of digits."""

__version__ = "0.1.0"
