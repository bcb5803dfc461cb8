"""What a finished training is worth: its scores, its pictures' arrays, and the model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from digits.evaluation.metrics import Score, fit_temperature, score
from digits.files import write_atomically
from digits.shapes import Float32
from digits.training.checkpoint import Epoch
from digits.training.config import ARCHITECTURE, TrainConfig
from digits.training.export import GOLDEN, ExportError, export_onnx, save_weights
from digits.training.extra import share_of
from digits.training.given import Given
from digits.training.loop import predict_logits
from digits.training.network import describe
from digits.training.preparation import learned_an_epoch
from digits.training.recipes import command
from digits.training.record import as_json, epochs_csv, examples, interrupted, notices_of
from digits.training.sources import no_digits, seed_for
from digits.types import Images, LabelledDigits, softmax

ACCEPTED = 0.99
"""Share of the validation digits whose confidence reaches the rejection threshold."""

REJECTED = 0.95
"""Share of what is no digit whose confidence stays below it, if that leaves so many digits."""

JUDGED = 4000
"""Things that are no digit, and photographs of digits, that the threshold is found by."""

CHECKED = 1000
"""Validation digits on which ONNX Runtime must agree with PyTorch before ``model.onnx`` is written."""


def judge(
    folder: Path,
    network: nn.Module,
    config: TrainConfig,
    given: Given,
    learned: LabelledDigits,
    validation: LabelledDigits,
    history: list[Epoch],
    notices: list[str],
) -> tuple[dict[str, Score], dict[str, Any]]:
    """Score a trained network on every part of its set and write what its run folder still lacks.

    The temperature is fitted on the validation digits; the test digits are looked at here, once, and nothing is chosen
    by them.

    Parameters
    ----------
    folder
        The run folder.
    network
        The trained network, in evaluation mode.
    config, given, learned, validation
        How it was trained, and on what.
    history
        A row an epoch.
    notices
        What nobody who sees the numbers may miss, beyond what the configuration says.

    Returns
    -------
    The scores by part, and what stands in ``results.json`` but for the seconds.
    """
    dataset = given.dataset
    write_atomically(folder / "metrics.csv", epochs_csv(history))
    save_weights(network, folder / "model.safetensors")
    parts = {"train": learned, "validation": validation, "test": dataset.test}
    logits = {name: predict_logits(network, part) for name, part in parts.items()}
    temperature = fit_temperature(logits["validation"], validation.labels)
    scores = {name: score(logits[name], part.labels, temperature) for name, part in parts.items()}
    threshold = given.kept_threshold
    if threshold is None:
        threshold = _threshold(network, config, validation, temperature)
    shown = examples(network, config, learned, dataset.test, logits["test"], temperature)
    write_atomically(folder / "examples.npz", shown)
    description: dict[str, Any] = {
        "recipe": config.recipe,
        "seed": config.seed,
        "network": describe(network),
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "epochs": len(history),
        "temperature": temperature,
        "rejection_threshold": threshold,
        "data": {
            "name": dataset.name,
            "location": dataset.location,
            "sha256": dataset.sha256,
            "classes": list(dataset.classes),
            **{name: len(part) for name, part in parts.items()},
            "synthetic": config.synthetic,
            "photographs": config.photographs,
            "others": config.others,
        },
    }
    if given.extra:
        beside = learned_an_epoch(config, dataset, len(validation))
        description["data"]["extra"] = share_of(beside, given.extra, config)
    notices = notices_of(config, dataset, history) + notices
    figures = {
        name: {"accuracy": part.accuracy, "n": part.n, "nll": part.nll, "ece": part.ece}
        for name, part in scores.items()
    }
    # model files are passed on: where somebody keeps their data is nobody else's business
    data = {name: value for name, value in description["data"].items() if name != "location"}
    told = description | {"data": data | {"split_seed": config.split_seed}}
    if ":" not in config.network:
        told["architecture"] = {name: config.to_dict()[name] for name in ARCHITECTURE}
    try:
        export_onnx(network, folder / "model.onnx", _checked(validation), told | figures)
    except ExportError as error:
        notices.append(str(error))
    results = {
        **description,
        "interrupted": interrupted(config, history),
        "notices": notices,
        "command": command(config, **given.places),
        **{name: part.to_dict() for name, part in scores.items()},
    }
    return scores, results


def _checked(validation: LabelledDigits) -> Images:
    """Give digits to compare the runtimes on: the golden ones first, by our own pen, since the file is passed on."""
    from digits.synthesis import synthesize

    return np.concatenate((synthesize(GOLDEN).images, validation.images[:CHECKED]))


def _threshold(network: nn.Module, config: TrainConfig, validation: LabelledDigits, temperature: float) -> float:
    """Give the confidence from which on an answer is accepted.

    It is the lowest that sends away `REJECTED` of what is no digit, by other hands than those learned from, but never
    one that sends away more than 1 − `ACCEPTED` of the validation digits, photographed. A network that never learned
    what is no digit is asked about the validation digits as they are.
    """

    def confidence(images: Images) -> Float32[np.ndarray, " n"]:
        logits = predict_logits(network, LabelledDigits(images, np.zeros(len(images), np.uint8)))
        highest: Float32[np.ndarray, " n"] = softmax(logits, temperature).max(1)
        return highest

    if not config.others:
        return float(np.quantile(confidence(validation.images), 1 - ACCEPTED))
    from digits.synthesis import simulate_photos

    seed = seed_for(config, 4)
    highest = np.quantile(confidence(simulate_photos(validation.images[:JUDGED], seed)), 1 - ACCEPTED)
    return float(min(np.quantile(confidence(no_digits(JUDGED, seed)), REJECTED), highest))


def write_results(folder: Path, results: dict[str, Any]) -> None:
    """Write ``results.json``, the last file of a run."""
    write_atomically(folder / "results.json", as_json(results))
