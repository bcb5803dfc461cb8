"""The comparison of recipes: runs grouped by configuration, and every pair of groups tested."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digits.errors import UsageError
from digits.evaluation.test_uses import record_test_use
from digits.experiments.runs import FinishedRun, check_same_digits, load_scored_digits, read_runs
from digits.experiments.significance import LEVEL, bootstrap_interval, holm, mcnemar, seeds_needed, welch
from digits.shapes import Bool, Float64, UInt8
from digits.types import Dataset, LabelledDigits


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one configuration that differ by their seed alone.

    Attributes
    ----------
    name
        The recipe with the flags that differ from it.
    runs
        The runs.
    predicted
        The class that each run predicts for each digit.
    correct
        Whether that is the true class.
    """

    name: str
    runs: tuple[FinishedRun, ...]
    predicted: UInt8[np.ndarray, "runs digits"]
    correct: Bool[np.ndarray, "runs digits"]

    @property
    def accuracies(self) -> Float64[np.ndarray, "runs"]:
        """The accuracy of each run, 0–1."""
        shares: Float64[np.ndarray, "runs"] = self.correct.mean(1)
        return shares

    @property
    def mean(self) -> float:
        """Mean accuracy over the runs, 0–1."""
        return float(self.accuracies.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation of the accuracy over the runs; NaN for one."""
        return float(self.accuracies.std(ddof=1)) if len(self.runs) > 1 else math.nan

    @property
    def seconds(self) -> float:
        """Mean seconds of training."""
        return float(np.mean([run.seconds for run in self.runs]))


@dataclass(frozen=True, eq=False)
class Pair:
    """Two groups, and whether the first is better than the second.

    Attributes
    ----------
    first, second
        The groups.
    interval95
        95 % interval of the difference of their mean accuracies.
    p_digits
        The p-value for other digits (McNemar).
    p_seeds
        The p-value for other seeds (Welch); NaN where a group has one run.
    p_corrected
        The larger of both, corrected for the number of pairs (Holm); NaN likewise.
    seeds_needed
        How many runs per group would show this difference; infinite where the digits are too few, NaN likewise.
    """

    first: Group
    second: Group
    interval95: tuple[float, float]
    p_digits: float
    p_seeds: float
    p_corrected: float
    seeds_needed: float

    @property
    def difference(self) -> float:
        """Mean accuracy of the first − that of the second."""
        return self.first.mean - self.second.mean

    @property
    def is_shown(self) -> bool | None:
        """Whether the difference is shown, on other digits and with other seeds; None where one run says too little."""
        return None if math.isnan(self.p_corrected) else self.p_corrected < LEVEL

    @property
    def verdict(self) -> str:
        """What this means, in one sentence."""
        better, worse = (self.first, self.second) if self.difference >= 0 else (self.second, self.first)
        if self.is_shown:
            return f"{better.name} is better than {worse.name}."
        if self.is_shown is None:
            if self.p_digits < LEVEL:
                start = f"These networks differ, but whether {better.name} is better than {worse.name}"
            else:
                start = f"Whether {better.name} is better than {worse.name}"
            return f"{start} cannot be said from one seed: train two or more of each."
        if math.isinf(self.seeds_needed):
            return f"{self.first.name} and {self.second.name} do not differ as far as these digits can show."
        return (
            f"{self.first.name} and {self.second.name} do not differ as far as these runs can show; if the difference "
            f"is real, about {self.seeds_needed:.0f} seeds each would show it."
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    groups
        The configurations, in the order of their first runs.
    pairs
        Every two of them.
    digits
        The digits that they were compared on.
    part
        ``validation`` or ``test``.
    dataset
        The name of the data set.
    classes
        The names of its classes.
    notices
        What every reader must know.
    """

    groups: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    digits: LabelledDigits
    part: str
    dataset: str
    classes: tuple[str, ...]
    notices: tuple[str, ...]


def compare(
    runs: Iterable[str | os.PathLike[str]],
    *,
    data: str | os.PathLike[str] | Dataset | None = None,
    test: bool = False,
    baseline: bool = False,
    trust_code: bool = False,
) -> Comparison:
    """Compare finished runs by their validation digits.

    Runs that differ by their seed alone form a group. A difference of two groups counts if it is larger than other
    digits would give (McNemar) and larger than other seeds would give (Welch), after correction for the number of
    pairs (Holm).

    Parameters
    ----------
    runs
        Run folders, or folders of them.
    data
        The data set, or where it is now, if it has moved.
    test
        Whether to compare by the test digits instead. The record of every run says so from then on.
    baseline
        Whether to compare each group with the first alone, instead of every two.
    trust_code
        Whether to run the code of networks of your own that have no ``model.onnx``.

    Raises
    ------
    ModelError
        When a folder holds no finished run, or a broken one.
    UsageError
        When there are fewer than two configurations, or the runs held out different digits.
    DataError
        When the data set is missing or another one.
    """
    found, skipped = read_runs(runs)
    check_same_digits(found)
    kept, repeated = _drop_repeated(found)
    notices = [*skipped, *repeated]
    by_identity: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in kept:
        by_identity.setdefault(run.identity, []).append(run)
    if len(by_identity) < 2:
        raise UsageError(
            f"{'all these runs are' if len(kept) > 1 else 'there is'} one configuration, {kept[0].name}: name runs of "
            "two or more, or a folder of them such as runs"
        )
    dataset, digits = load_scored_digits(kept[0], data, test=test)
    groups = []
    for members, name in zip(by_identity.values(), _name_groups(by_identity), strict=True):
        predicted = np.stack([run.predict(digits.images, trust_code=trust_code) for run in members])
        groups.append(Group(name, tuple(members), predicted, predicted == digits.labels))
    if test:
        for run in kept:
            uses = record_test_use(run.folder, "digits compare --test")
            notices.append(f"The test digits of {run.folder} were scored {uses} times by now.")
    pairs = pair_groups(groups, baseline=baseline)
    part = "test" if test else "validation"
    return Comparison(tuple(groups), pairs, digits, part, dataset.name, dataset.classes, tuple(notices))


def pair_groups(groups: Sequence[Group], *, baseline: bool = False) -> tuple[Pair, ...]:
    """Test every two groups, or each with the first alone; p-values are corrected for the number of pairs."""
    chosen = [(group, groups[0]) for group in groups[1:]] if baseline else list(itertools.combinations(groups, 2))
    pairs = [
        Pair(
            first, second,
            interval95=bootstrap_interval(first.correct, second.correct),
            p_digits=mcnemar(first.correct, second.correct),
            p_seeds=welch(first.correct, second.correct),
            p_corrected=math.nan,
            seeds_needed=seeds_needed(first.correct, second.correct),
        )
        for first, second in chosen
    ]  # fmt: skip
    # a pair without a spread over seeds has no verdict that could be wrong, but it was looked at, and counts
    corrected = holm([1.0 if math.isnan(pair.p_seeds) else max(pair.p_digits, pair.p_seeds) for pair in pairs])
    return tuple(
        pair if math.isnan(pair.p_seeds) else replace(pair, p_corrected=p)
        for pair, p in zip(pairs, corrected, strict=True)
    )


def _drop_repeated(runs: Sequence[FinishedRun]) -> tuple[list[FinishedRun], list[str]]:
    """Keep one of several runs with the same configuration and seed, which are no independent evidence."""
    kept: dict[tuple[object, ...], FinishedRun] = {}
    notices = []
    for run in runs:
        first = kept.setdefault((run.identity, run.seed), run)
        if first is not run:
            notices.append(f"{run.folder} repeats {first.folder}, with the same seed, and is not counted.")
    return list(kept.values()), notices


def _name_groups(identities: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the name of each group; where data or code alone differ, a number tells them apart."""
    names = [identity[0] for identity in identities]
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]
