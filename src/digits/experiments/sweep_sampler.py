"""Which values a trial gets: Optuna's estimator, with a seed of its own for each trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial

from digits.experiments.search_space import Search


class TrialSampler(BaseSampler):
    """The tree-structured Parzen estimator, seeded by the number of the trial.

    With one seed per process, two processes would begin with the same values, and one that goes on would repeat those
    it began with.

    Parameters
    ----------
    seed
        The seed of the sweep.
    startup_trials
        How many trials get random values first.
    """

    def __init__(self, seed: int, startup_trials: int) -> None:
        self._seed, self._startup_trials = seed, startup_trials

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the settings whose values are chosen together."""
        return self._estimator(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Choose the values of several settings."""
        return self._estimator(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Choose the value of one setting."""
        estimator = self._estimator(trial, param_name)
        return estimator.sample_independent(study, trial, param_name, param_distribution)

    def _estimator(self, trial: FrozenTrial, name: str = "") -> TPESampler:
        seed = np.random.SeedSequence((self._seed, trial.number, *name.encode())).generate_state(1)[0]
        return TPESampler(seed=int(seed), n_startup_trials=self._startup_trials)


def to_distribution(search: Search) -> BaseDistribution:
    """Return the values of a setting as Optuna describes them."""
    if search.choices:
        return CategoricalDistribution(search.choices)
    assert isinstance(search.low, int | float), "a search has a range or choices"
    assert isinstance(search.high, int | float), "a search has a range or choices"
    if search.is_whole:
        return IntDistribution(int(search.low), int(search.high), log=search.is_log)
    return FloatDistribution(float(search.low), float(search.high), log=search.is_log)
