"""What a network gained and what it forgot when it went on learning: the same digits read before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from digits.training.config import TrainConfig
from digits.training.extra import ENOUGH, Extra
from digits.training.loop import predict_logits
from digits.training.sources import no_digits, seed_for
from digits.training.start import Start
from digits.types import LabelledDigits, Logits, softmax

STRAYS = 1000
"""Things that are no digit, half of them photographed, that are counted before and after: a second or two to draw."""


def own_figures(network: nn.Module, extra: Extra) -> dict[str, Any]:
    """Give how a network reads own digits: those it learned, and those held out, if any were."""
    parts = {"learned": extra.learned, "held_out": extra.held_out}
    return {
        "location": extra.location,
        "sha256": extra.sha256,
        **{
            name: {"accuracy": float((predict_logits(network, part).argmax(1) == part.labels).mean()), "n": len(part)}
            for name, part in parts.items()
            if len(part)
        },
    }


def before_and_after(
    start: Start,
    network: nn.Module,
    results: dict[str, Any],
    validation: LabelledDigits,
    extra: Extra | None,
    config: TrainConfig,
) -> dict[str, Any]:
    """Compare a network with the one it started from.

    Parameters
    ----------
    start
        What it was.
    network, results
        What it became, and its ``results.json``, of which temperature and threshold are read.
    validation
        Digits of the set that neither has learned.
    extra
        Own digits.
    config
        Its ``split_seed`` decides what is drawn that is no digit.

    Returns
    -------
    ``model``, what it started from; by the name of each part, ``n``, the accuracies ``before`` and ``after``, and how
    many are ``newly_right`` and ``newly_wrong``; if the network ever learned what is no digit, shares instead of
    accuracies: ``accepted`` of the validation digits, sent away of ``no_digits``; and ``sentence``, what all that says.
    """
    pair = ((start.network, start.described), (network, results))
    parts = {"validation": validation}
    if extra:
        parts |= {"own_held_out": extra.held_out, "own_learned": extra.learned}
    logits = {name: [predict_logits(each, part) for each, _ in pair] for name, part in parts.items() if len(part)}
    figures: dict[str, dict[str, Any]] = {
        name: _compared(*(each.argmax(1) == parts[name].labels for each in both)) for name, both in logits.items()
    }
    if start.config.others or config.others:
        images = no_digits(STRAYS, seed_for(config.replace(seed=config.split_seed), 6))
        strays = [predict_logits(each, LabelledDigits(images, np.zeros(len(images), np.uint8))) for each, _ in pair]
        described = [each for _, each in pair]
        figures["accepted"] = _compared(*map(_accepted, logits["validation"], described))
        figures["no_digits"] = _compared(*(~each for each in map(_accepted, strays, described)))
    about = {name: start.described[name] for name in ("recipe", "seed", "network")}
    return {"model": start.place, **about, **figures, "sentence": _sentence(figures)}


def _accepted(logits: Logits, described: dict[str, Any]) -> np.ndarray:
    accepted: np.ndarray = softmax(logits, described["temperature"]).max(1) >= described["rejection_threshold"]
    return accepted


def _compared(before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    return {
        "n": len(before),
        "before": float(before.mean()),
        "after": float(after.mean()),
        "newly_right": int((after & ~before).sum()),
        "newly_wrong": int((before & ~after).sum()),
    }


def _sentence(figures: dict[str, dict[str, Any]]) -> str:
    """Say what was gained and what was forgotten."""
    said = []
    if own := figures.get("own_held_out") or figures.get("own_learned"):
        right = {when: round(own[when] * own["n"]) for when in ("before", "after")}
        held = " held out" if "own_held_out" in figures else ""
        learned = "" if held else f", all of which it learned, since fewer than {ENOUGH} are too few to hold any out"
        said.append(
            f"gained: {right['after']:,} instead of {right['before']:,} of the {own['n']:,} own digits{held} are read "
            f"right{learned}"
        )
    kept = figures["validation"]
    said.append(
        f"forgotten: {kept['newly_wrong']:,} of {kept['n']:,} validation digits are newly wrong, "
        f"{kept['newly_right']:,} newly right"
    )
    if sent := figures.get("no_digits"):
        said.append(f"of what is no digit, {sent['after']:.1%} instead of {sent['before']:.1%} are sent away")
    sentence = "; ".join(said)
    return f"{sentence[0].upper()}{sentence[1:]}."
