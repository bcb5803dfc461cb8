"""Every error a user can cause. The message says what is wrong, where, and what to do.

::

    DigitsError
    ├── UsageError              also a ValueError
    │   └── UntrustedCodeError
    ├── DataError
    │   └── DataNotFoundError   also a FileNotFoundError
    │       └── MissingMNISTError
    ├── ModelError
    │   └── ModelNotFoundError  also a FileNotFoundError
    ├── StorageError            also an OSError
    └── TrainingError
"""

from __future__ import annotations


class DigitsError(Exception):
    """Base of all errors below; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(DigitsError, ValueError):
    """A call with an unknown name, an impossible value, or arguments that cannot be combined."""

    exit_code = 2


class UntrustedCodeError(UsageError):
    """Code that a stored configuration names, and that the user has not allowed to run."""


class DataError(DigitsError):
    """Labelled digits or a picture that are missing, broken or not what they claim to be."""


class DataNotFoundError(DataError, FileNotFoundError):
    """A data file, folder or picture that does not exist."""


class MissingMNISTError(DataNotFoundError):
    """MNIST was found in none of the usual places and could not be downloaded; no place was named."""


class ModelError(DigitsError):
    """A model file or run folder that is missing, broken or not written by digits."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """A model file or run folder that does not exist."""


class StorageError(DigitsError, OSError):
    """A file that cannot be written or deleted: on a full or read-only disk, or without the permission."""


class TrainingError(DigitsError):
    """Training that cannot continue, for example because the loss is no longer a number."""
