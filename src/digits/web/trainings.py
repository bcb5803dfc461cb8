"""Trainings that the page starts: one at a time, each a run folder and a process of its own.

The process is the command ``digits train``, so a run that is stopped, or whose service was killed, goes on from its
last whole epoch. It ends with the service, since its standard input does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from digits.errors import StorageError
from digits.files import read_json_object, storing
from digits.web.refusals import RefusedError

START = "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1)); from digits.cli import main; main()"
"""The program of the process: it finds its modules where this process finds them, and nowhere else."""

NAME = re.compile(r"[\w-][\w.-]{0,99}", re.ASCII)
"""Names of run folders that the page may ask for."""

MAX_LISTED = 30
"""Runs that are listed, the newest first."""

NICENESS = 19
"""How far a training steps back for the processes that answer the page: as far as there is, since people wait there."""

LEARN: tuple[str, ...] = ("personal",)
"""The recipe that learns a hand, and its flags, which are none: tests make it small."""

FILMED = ("--film", "--stop-with-input")

LIVE, RESULTS, LOCK = "live.json", "results.json", ".lock"

NO_TORCH = (
    "training needs PyTorch, which is not installed here: pip install 'digits[train]', then start digits serve again"
)
BUSY = "a training is running: pause it, or wait until it ends"


@dataclass(frozen=True)
class Recipe:
    """A recipe that the page offers, with the settings that it may change."""

    name: str
    network: str
    hidden_sizes: tuple[int, ...]
    optimizer: str
    learning_rate: float
    is_augmented: bool


@dataclass(frozen=True)
class Offer:
    """What the page may train: recipes, optimizers, and the flags that switch augmentation on and off."""

    recipes: tuple[Recipe, ...] = ()
    optimizers: tuple[str, ...] = ()
    augmentation: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclass(frozen=True)
class Settings:
    """What the page asks for; bounded by the call."""

    recipe: str
    seconds: float
    optimizer: str | None = None
    learning_rate: float | None = None
    hidden_sizes: tuple[int, ...] | None = None
    augmented: bool | None = None


class Trainings:
    """The runs of a folder, and the one that is trained now.

    Parameters
    ----------
    folder
        The folder of the runs.
    offer
        What may be trained.
    """

    def __init__(self, folder: Path, offer: Offer) -> None:
        self.folder, self.offer = folder, offer
        self._lock = threading.Lock()  # held to use what follows
        self._process: subprocess.Popen[bytes] | None = None
        self._name, self._errors, self._is_paused = "", dict[str, str](), False
        self._stderr: IO[bytes] | None = None

    def describe(self) -> dict[str, Any]:
        """List the runs, and what may be trained."""
        with self._lock:
            self._look_after()
            runs = [self._summarize(name) for name in self._names()]
        return {
            "missing": "" if importlib.util.find_spec("torch") else NO_TORCH,
            "folder": str(self.folder.resolve()),
            "recipes": [vars(recipe) for recipe in self.offer.recipes],
            "optimizers": self.offer.optimizers,
            "runs": runs,
        }

    def show(self, name: str) -> dict[str, Any]:
        """Give everything that the page shows of a run."""
        with self._lock:
            self._look_after()
            folder = self._find(name)
            return self._summarize(name) | {"live": _read(folder / LIVE)}

    def start(self, settings: Settings) -> dict[str, Any]:
        """Start a training."""
        recipe = next((each for each in self.offer.recipes if each.name == settings.recipe), None)
        if recipe is None:
            names = ", ".join(each.name for each in self.offer.recipes)
            raise RefusedError(422, f"there is no recipe {settings.recipe!r} for the page: choose from {names}")
        words = [recipe.name, "--seconds", str(settings.seconds), *_write_flags(settings, recipe, self.offer)]
        return self._begin(recipe.name, words)

    def learn(self, corrections: Path, initial: str) -> dict[str, Any]:
        """Start to fine-tune a shipped model on the digits in a folder."""
        return self._begin("personal", [*LEARN, "--extra-data", str(corrections.resolve()), "--from", initial])

    def _begin(self, name: str, words: list[str]) -> dict[str, Any]:
        with self._lock:
            self._check_free()
            with storing(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{datetime.now():%Y-%m-%d-%H%M%S}-{name}"
            while (self.folder / name).exists():
                name += "-2"
            self._run(name, [*words, "--out", str(self.folder / name)])
            return self._summarize(name)

    def go_on(self, name: str) -> dict[str, Any]:
        """Continue a run that was stopped."""
        with self._lock:
            folder = self._find(name)
            self._check_free()
            if self._summarize(name)["state"] != "paused":
                raise RefusedError(409, f"{name} cannot go on: it is finished, or another program trains it")
            self._run(name, ["--resume", str(folder)])
            return self._summarize(name)

    def pause(self, name: str) -> dict[str, Any]:
        """Stop the training that runs; what it learned is evaluated and kept, as after Ctrl-C."""
        with self._lock:
            self._look_after()
            if self._process is None or self._name != name:
                raise RefusedError(409, f"{name} is not being trained here")
            self._is_paused = True
            self._process.send_signal(signal.SIGINT)
            return self._summarize(name)

    def find_model(self, name: str) -> Path:
        """Find the model of a run that has ended.

        Raises
        ------
        RefusedError
            404 without such a run, 409 when it has no model yet.
        """
        with self._lock:
            self._look_after()
            folder = self._find(name)
            if not (folder / "model.onnx").is_file() or name == self._name:
                raise RefusedError(409, f"{name} has no model yet: wait until it ends, or pause it")
            return folder

    def close(self) -> None:
        """Let the training end: its input does."""
        with self._lock:
            if self._process and self._process.stdin:
                self._process.stdin.close()

    def _names(self) -> list[str]:
        with contextlib.suppress(OSError):
            found = [each.name for each in self.folder.iterdir() if (each / LIVE).is_file() and not each.is_symlink()]
            names = {name for name in found if NAME.fullmatch(name)} | ({self._name} if self._name else set())
            return sorted(names | self._errors.keys(), reverse=True)[:MAX_LISTED]
        return [self._name] if self._name else []

    def _find(self, name: str) -> Path:
        if not NAME.fullmatch(name) or name not in self._names():
            raise RefusedError(404, f"no run is named {name!r}: GET /api/trainings lists them")
        return self.folder / name

    def _check_free(self) -> None:
        self._look_after()
        if not importlib.util.find_spec("torch"):
            raise RefusedError(409, NO_TORCH)
        if self._process:
            raise RefusedError(409, BUSY)

    def _run(self, name: str, words: list[str]) -> None:
        threads = [] if "--resume" in words else ["--threads", str(max((os.cpu_count() or 2) - 1, 1))]
        call = [sys.executable, "-I", "-c", START, json.dumps(sys.path), "train", *words, *FILMED, *threads]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 # open as long as the process is
        try:
            self._process = subprocess.Popen(
                call, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._stderr
            )
        except OSError as error:
            raise StorageError(f"the training cannot be started: {error.strerror}; end other programs") from error
        self._name, self._is_paused = name, False
        self._errors.pop(name, None)
        if hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)

    def _look_after(self) -> None:
        """Note the end of the process, and why it failed if it did."""
        if self._process is None or self._process.poll() is None or self._stderr is None:
            return
        if self._is_paused and not (self.folder / self._name / LIVE).exists():
            self._errors[self._name] = "it was stopped before it began"
        elif self._process.returncode not in (0, 130) and not self._is_paused:
            self._stderr.seek(0)
            lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
            said = [line.removeprefix("digits: ") for line in lines if line.startswith("digits: ")]
            self._errors[self._name] = (said or ["the training ended unexpectedly"])[-1]
        if self._process.stdin:
            self._process.stdin.close()
        self._stderr.close()
        self._process, self._name, self._stderr = None, "", None

    def _summarize(self, name: str) -> dict[str, Any]:
        folder = self.folder / name
        results, environment = _read(folder / RESULTS), _read(folder / "environment.json")
        config = _read(folder / "config.json")
        if name == self._name or _is_locked(folder):
            state = "running"
        elif name in self._errors:
            state = "failed"
        else:
            state = "paused" if results is None or results.get("interrupted") else "finished"
        return {
            "name": name,
            "state": state,
            "error": self._errors.get(name, ""),
            "data": str((environment or {}).get("data", "")),
            "initial_model": str((environment or {}).get("initial_model", "")),
            "config": config,
            "validation": ((results or {}).get("validation") or {}).get("accuracy"),
            "before": (results or {}).get("before"),
            "seconds": ((results or {}).get("seconds") or {}).get("total", 0.0),
        }


def _write_flags(settings: Settings, recipe: Recipe, offer: Offer) -> list[str]:
    flags = []
    optimizer = settings.optimizer or recipe.optimizer
    if optimizer not in (recipe.optimizer, *offer.optimizers):
        raise RefusedError(422, f"there is no optimizer {optimizer!r}: choose from {', '.join(offer.optimizers)}")
    if settings.optimizer:
        flags += ["--optimizer", optimizer]
    if settings.learning_rate:
        flags += ["--muon-lr" if optimizer == "muon" else "--lr", f"{settings.learning_rate:g}"]
    if settings.hidden_sizes:
        if recipe.network != "mlp":
            raise RefusedError(
                422, f"hidden layers are of fully connected networks; {recipe.name} is a {recipe.network}"
            )
        flags += ["--hidden-sizes", *map(str, settings.hidden_sizes)]
    if settings.augmented is not None and settings.augmented != recipe.is_augmented:
        flags += offer.augmentation[0 if settings.augmented else 1]
    return flags


def _read(file: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):  # not written yet
        return read_json_object(file)
    return None


def _is_locked(folder: Path) -> bool:
    """Whether another program trains in this folder."""
    if not (folder / LOCK).exists() or not importlib.util.find_spec("filelock"):
        return False
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except (Timeout, OSError):
        return True
