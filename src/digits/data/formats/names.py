"""What the names of files say: their format, whether they are a second copy, and the fold they hold."""

from __future__ import annotations

import re
from pathlib import PurePath

FOLDS = {
    "train": ("train", "training", "trainingset", "trainset", "tr"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "testset", "te", "t10k"),
}
"""The folds of a dataset, and the words for them, in lower case."""

FOLD_OF = {word: fold for fold, words in FOLDS.items() for word in words}

# What browsers and file managers add to the name of a second copy: "a (1).gz", "a.gz (1)", "a - Copy.csv", "a copy 2".
_COPY = re.compile(r"[ _]?\(\d{1,3}\)|(?:[ _-]+|[ _]-[ _])copy(?: \d{1,3})?(?=\.|$)", re.IGNORECASE)
_WORD = re.compile(r"t10k|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_JOINED = re.compile(rf"(x|y)({'|'.join(FOLD_OF)})|({'|'.join(FOLD_OF)})(x|y)")


def bare_name(path: PurePath | str) -> str:
    """Give the name of a file as it was published: without the marks of a second copy, and without ``.gz``."""
    name = path if isinstance(path, str) else path.name
    bare = _COPY.sub("", name)
    return bare[:-3] if bare.lower().endswith(".gz") else bare


def suffix_of(path: PurePath) -> str:
    """Give the ending of a file in lower case: ``.csv`` of ``train.csv.gz`` and of ``train.csv (1)``."""
    return PurePath(bare_name(path)).suffix.lower()


def words_of(name: str) -> list[str]:
    """Split a name into its words in lower case: ``X_train``, ``xTrain`` and ``x-train`` all give x and train."""
    words = [word.lower() for word in _WORD.findall(name)]
    parts = ((word, _JOINED.fullmatch(word)) for word in words)
    return [part for word, joined in parts for part in (filter(None, joined.groups()) if joined else (word,))]


def fold_of(name: str) -> str | None:
    """Find the fold that a name speaks of; None if it speaks of none, or of several."""
    folds = {FOLD_OF[word] for word in words_of(name) if word in FOLD_OF}
    return folds.pop() if len(folds) == 1 else None
