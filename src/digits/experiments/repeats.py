"""Repeats: several recipes, each trained with several seeds, in one folder that can be continued."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from digits.files import read_json_object
from digits.training import TrainConfig, resume, train
from digits.training.engine.loop import Progress
from digits.training.run.inputs import Place
from digits.types import Dataset

log = logging.getLogger(__name__)


def train_repeats(
    configs: Sequence[TrainConfig],
    seeds: int,
    folder: Path,
    *,
    data: Place | Dataset | None = None,
    trust_code: bool = False,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = log.warning,
) -> list[Path]:
    """Train each configuration with the seeds 0, 1, …, and return the run folders.

    The seeds take turns, so that whatever else the machine does slows all configurations alike. A run that is finished
    stays, and one that was interrupted continues.

    Parameters
    ----------
    configs
        What to train; their own seeds do not matter.
    seeds
        The number of seeds.
    folder
        Where the run folders are made.
    data, trust_code, progress
        As in `digits.train`.
    notify
        Called with a sentence before each run that is trained, and with what no user may miss.
    """
    folders = []
    for config, place in _plan(configs, seeds, folder):
        folders.append(place)
        if _is_finished(place):
            continue
        notify(f"training {place.name} ({len(folders)} of {len(configs) * seeds}) …")
        if (place / "config.json").exists():
            resume(place, data=data, trust_code=trust_code, progress=progress, notify=notify)
        else:
            train(config, data=data, out=place, trust_code=trust_code, progress=progress, notify=notify)
    return folders


def _plan(configs: Sequence[TrainConfig], seeds: int, folder: Path) -> Iterator[tuple[TrainConfig, Path]]:
    """Yield every run: its configuration, and its folder, whose name tells configurations apart."""
    for seed in range(seeds):
        for config in configs:
            described = json.dumps(config.replace(seed=0).to_dict(), sort_keys=True)
            name = f"{config.recipe}-{hashlib.sha256(described.encode()).hexdigest()[:6]}-seed-{seed}"
            yield config.replace(seed=seed), folder / name


def _is_finished(folder: Path) -> bool:
    file = folder / "results.json"
    return file.is_file() and read_json_object(file).get("interrupted") is False
