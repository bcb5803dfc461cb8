"""Who takes part in the contest: what each is, how many runs it has, and which packages it needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A way to learn MNIST.

    Attributes
    ----------
    name
        As in ``results/contest.csv``; of ours, the recipe.
    description
        What it is, for the table.
    label
        What it is, for the picture.
    rounds
        Runs, each with a seed of its own; a single one where a run takes minutes.
    peer
        Module of `benchmarks.peers`; empty for a recipe of ours.
    packages
        What must be installed beside ours.
    counted
        Whether it trains 784-256-128-10 in whole passes over the digits, so that its operations can be counted.
    """

    name: str
    description: str
    label: str
    rounds: int
    peer: str = ""
    packages: tuple[str, ...] = ()
    counted: bool = False


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("fast", "`digits train fast`: 784-256-128-10 in a few passes", "digits fast", 10, counted=True),
        Contender("classic", "`digits train classic`: 784-256-128-10, ten passes", "digits classic", 3, counted=True),
        Contender("standard", "`digits train`: 784-256-128-10, augmented", "digits standard", 3, counted=True),
        Contender("cnn", "`digits train cnn`: convolutions, augmented", "digits cnn", 5),
        Contender(
            "textbook",
            "the textbook PyTorch loop: a picture at a time, `DataLoader`, batch 64, Adam, 10 epochs",
            "textbook PyTorch",
            3,
            peer="textbook",
            counted=True,
        ),
        Contender(
            "keras-mlp",
            "Keras on JAX: 784-256-128-10, batch 128, 10 epochs",
            "Keras MLP",
            5,
            peer="keras_mlp",
            counted=True,
            packages=("keras", "jax"),
        ),
        Contender(
            "sklearn-mlp",
            "scikit-learn `MLPClassifier`: 784-256-128-10, batch 200, 12 passes",
            "scikit-learn MLP",
            3,
            peer="scikit_learn_mlp",
            counted=True,
            packages=("sklearn",),
        ),
        Contender(
            "lightning",
            "Lightning: 784-256-128-10, `DataLoader`, batch 128, 10 epochs",
            "Lightning",
            1,
            peer="lightning_mlp",
            counted=True,
            packages=("lightning",),
        ),
        Contender(
            "skorch",
            "skorch: 784-256-128-10, batch 128, 10 epochs",
            "skorch",
            1,
            peer="skorch_mlp",
            counted=True,
            packages=("skorch",),
        ),
        Contender(
            "tinygrad",
            "tinygrad: 784-256-128-10, batch 128, 10 epochs",
            "tinygrad",
            1,
            peer="tinygrad_mlp",
            counted=True,
            packages=("tinygrad",),
        ),
        Contender(
            "keras-convnet",
            "Keras on JAX: the convnet of its own MNIST example, 15 epochs",
            "Keras convnet",
            1,
            peer="keras_convnet",
            packages=("keras", "jax"),
        ),
        Contender(
            "sklearn-svc",
            "scikit-learn `SVC`: RBF, C = 10",
            "scikit-learn SVC",
            1,
            peer="scikit_learn_svc",
            packages=("sklearn",),
        ),
        Contender(
            "xgboost",
            "XGBoost: histograms, 200 rounds",
            "XGBoost",
            1,
            peer="xgboost_trees",
            packages=("xgboost",),
        ),
    )
}
