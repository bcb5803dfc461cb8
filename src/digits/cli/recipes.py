"""Commands that take a recipe with the flags of `digits train`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from digits.cli.arguments import HELP, parse, parse_words
from digits.errors import UsageError

if TYPE_CHECKING:
    from digits.training import TrainConfig

Call = TypeVar("Call")


def parse_recipe(
    command: Callable[..., None], kind: type[Call], words: Sequence[str], name: str
) -> tuple[Call, TrainConfig]:
    """Read the words of a command into a dataclass with a field `recipe`, and that recipe with its flags."""
    if HELP & {*words}:
        parse(command, kind, ["--help"], name)
    from digits.training import config as settings
    from digits.training.recipes import get_recipe

    own = fields(kind)  # type: ignore[arg-type] # a dataclass, which no type can say
    given = parse_words([*own, *list_settings()], words, settings.SYNONYMS)
    call = kind(**{field.name: given.pop(field.name) for field in own if field.name in given})
    return call, get_recipe(call.recipe, **given)  # type: ignore[attr-defined]


def list_settings() -> list[Field[Any]]:
    """Return the fields of all settings of `TrainConfig`: the flags of `digits train` that describe a network."""
    from digits.training.config import SECTIONS

    return [field for section in SECTIONS.values() for field in fields(section)]


def refuse_seed(config: TrainConfig) -> None:
    """Refuse ``--seed`` where ``--seeds`` says how many there are.

    Raises
    ------
    UsageError
        When the configuration has a seed of its own.
    """
    if config.run.seed:
        raise UsageError(f"--seed {config.run.seed} cannot be combined with --seeds, which trains 0, 1, …")


def choose_folder(out: Path | None, name: str) -> Path:
    """Return the folder that the user named, or ``studies/TIME-name``.

    Raises
    ------
    UsageError
        When it is a file.
    """
    folder = out or Path("studies") / f"{datetime.now():%Y-%m-%d-%H%M%S}-{name}"
    if folder.is_file():
        raise UsageError(f"{folder} is a file: name a folder with --out")
    return folder
