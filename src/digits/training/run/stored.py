"""Stored configurations: a run folder or a model file may come from anybody, and may name code to run.

Such code runs only if the user says so, or names the very file in the same call; and only as it was when it was stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits.errors import ModelError, UntrustedCodeError
from digits.options import shorten
from digits.training.config import TrainConfig
from digits.training.engine.plugins import PLUGIN_OPTIONS, code_file, list_code, read_code


@dataclass(frozen=True)
class Trust:
    """Which code a stored configuration may run.

    Attributes
    ----------
    is_given
        Whether the user trusts the code that it names: ``--trust-code``.
    files
        The files that the user named in the same call, as ``--network file.py:Name`` does; they run as they are.
    """

    is_given: bool = False
    files: frozenset[Path] = frozenset()

    def naming(self, config: TrainConfig) -> Trust:
        """Add the files that a configuration of the user names."""
        named = {code_file(reference).resolve() for reference in list_code(config).values()}
        return Trust(self.is_given, self.files | named)


NO_TRUST = Trust()


def check_code(
    config: TrainConfig, source: Path, sha256: Any, trust: Trust, settings: Collection[str] = tuple(PLUGIN_OPTIONS)
) -> None:
    """Refuse code that a stored configuration names and that must not run; call this wherever one is read.

    Parameters
    ----------
    config
        The configuration as it was read.
    source
        The file or folder that holds it, for errors.
    sha256
        The hashes of its code that are stored with it, by setting.
    trust
        Which code may run.
    settings
        Those whose code will be run.

    Raises
    ------
    UntrustedCodeError
        When the user has not allowed the code.
    UsageError
        When it is missing.
    ModelError
        When it is not what it was.
    """
    stored = sha256 if isinstance(sha256, Mapping) else {}
    for name, reference in list_code(config).items():
        file = code_file(reference)
        if name not in settings or file.resolve() in trust.files:
            continue
        if not trust.is_given:
            raise UntrustedCodeError(
                f"{source} names code to run as its {name}: {reference}. Code can do whatever you can: read "
                f"{file.resolve()} first, then allow it with --trust-code (in Python, trust_code=True)"
            )
        found = read_code(reference, name)[1]
        if found != stored.get(name):
            raise ModelError(
                f"the code that {source} names as its {name} has changed: the SHA-256 of {file.resolve()} is {found}, "
                f"not {shorten(stored.get(name))}. Restore the file, or name it yourself: digits train --{name} "
                f"{reference}"
            )
