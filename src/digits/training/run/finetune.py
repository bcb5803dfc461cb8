"""Fine-tuning: what it gained on personal data, and what it forgot."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from digits.training.config import TrainConfig
from digits.training.engine.networks import predict_logits
from digits.training.run.initial import InitialModel
from digits.training.run.inputs import Inputs, PersonalData
from digits.training.run.training_set import derive_seed, draw_outliers
from digits.types import Dataset, Images, LabelledDigits, Logits, softmax

COMPARED_OUTLIERS = 1000
"""Non-digits, half of them photographed, that are counted before and after: a second or two to draw."""


def evaluate_fine_tuning(
    network: nn.Module, config: TrainConfig, inputs: Inputs, validation: LabelledDigits, metadata: dict[str, Any]
) -> dict[str, Any]:
    """Return the entries of ``results.json``: ``personal`` with personal data, ``before`` with an initial model."""
    results: dict[str, Any] = {}
    if inputs.personal:
        results["personal"] = _evaluate_personal(network, inputs.personal)
    if initial := inputs.initial:
        initial.network.to(next(network.parameters()).device)
        n = COMPARED_OUTLIERS if config.data.outliers or initial.config.data.outliers else 0
        outliers = draw_outliers(n, derive_seed(config.replace(seed=config.data.split_seed), 6))
        results["before"] = _compare_with_initial(initial, network, metadata, validation, inputs.personal, outliers)
    return results


def check_overlap(personal: PersonalData, dataset: Dataset, validation: LabelledDigits) -> list[str]:
    """Return notices about personal digits that are among the validation or test digits."""
    learned = {image.tobytes() for image in personal.train.images}
    notices = []
    for name, part in {"test": dataset.test, "validation": validation}.items():
        if n := sum(image.tobytes() in learned for image in part.images):
            notices.append(f"{n:,} of the {name} digits are among --extra-data: the {name} figure is too optimistic.")
    return notices


def _evaluate_personal(network: nn.Module, personal: PersonalData) -> dict[str, Any]:
    """Return the accuracy on the personal digits learned from, and on those held out, if any."""
    parts = {"learned": personal.train, "held_out": personal.held_out}
    return {
        "location": personal.location,
        "sha256": personal.sha256,
        **{
            name: {"accuracy": float((predict_logits(network, part).argmax(1) == part.labels).mean()), "n": len(part)}
            for name, part in parts.items()
            if len(part)
        },
    }


def _compare_with_initial(
    initial: InitialModel,
    network: nn.Module,
    metadata: dict[str, Any],
    validation: LabelledDigits,
    personal: PersonalData | None,
    outliers: Images,
) -> dict[str, Any]:
    """Compare a network with the one it started from, on the same digits.

    Returns
    -------
    ``model``, the initial model; for each part ``n``, the accuracies ``before`` and ``after``, and the numbers
    ``newly_right`` and ``newly_wrong``; shares instead of accuracies for ``accepted`` (validation digits) and
    ``outliers`` (rejected); and ``sentence``, a summary.
    """
    networks = ((initial.network, initial.metadata), (network, metadata))
    parts = {"validation": validation}
    if personal:
        parts |= {"personal_held_out": personal.held_out, "personal_learned": personal.train}
    logits = {name: [predict_logits(each, part) for each, _ in networks] for name, part in parts.items() if len(part)}
    figures: dict[str, dict[str, Any]] = {
        name: _compare(*(each.argmax(1) == parts[name].labels for each in both)) for name, both in logits.items()
    }
    if len(outliers):
        accepted = [_accepts(predict_logits(each, outliers), described) for each, described in networks]
        both = zip(logits["validation"], (initial.metadata, metadata), strict=True)
        figures["accepted"] = _compare(*(_accepts(each, described) for each, described in both))
        figures["outliers"] = _compare(*(~each for each in accepted))
    about = {name: initial.metadata[name] for name in ("recipe", "seed", "network")}
    return {"model": initial.location, **about, **figures, "sentence": _summarize(figures)}


def _accepts(logits: Logits, metadata: dict[str, Any]) -> np.ndarray:
    accepted: np.ndarray = softmax(logits, metadata["temperature"]).max(1) >= metadata["rejection_threshold"]
    return accepted


def _compare(before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    return {
        "n": len(before),
        "before": float(before.mean()),
        "after": float(after.mean()),
        "newly_right": int((after & ~before).sum()),
        "newly_wrong": int((before & ~after).sum()),
    }


def _summarize(figures: dict[str, dict[str, Any]]) -> str:
    """Write what was gained and what was forgotten in one sentence."""
    parts = []
    if personal := figures.get("personal_held_out") or figures.get("personal_learned"):
        before, after = (round(personal[when] * personal["n"]) for when in ("before", "after"))
        which = "held-out personal digits" if "personal_held_out" in figures else "personal digits it was trained on"
        parts.append(f"Gained: {after:,} instead of {before:,} of {personal['n']:,} {which} are right")
    kept = figures["validation"]
    parts.append(
        f"forgotten: {kept['newly_wrong']:,} of {kept['n']:,} validation digits are newly wrong, "
        f"{kept['newly_right']:,} newly right"
    )
    if rejected := figures.get("outliers"):
        parts.append(f"{rejected['after']:.1%} instead of {rejected['before']:.1%} of the non-digits are rejected")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."
