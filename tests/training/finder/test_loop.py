"""Learning: one batch until it is known, and on to the same bits after an interruption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.finder_documents import describe

from digits.errors import TrainingError
from digits.inference.finder.finder import MIN_SCORE
from digits.inference.finder.outputs import decode
from digits.synthesis.documents import RealDigits
from digits.synthesis.documents.truth import CHARACTERS
from digits.training.engine.checkpoint import Epoch
from digits.training.finder import loop
from digits.training.finder.batches import Batch, make_batch
from digits.training.finder.config import FinderConfig
from digits.training.finder.export import ExportedFinder
from digits.training.finder.loop import fit_finder, validate
from digits.training.finder.network import FinderNetwork

pytestmark = pytest.mark.slow

TINY = FinderConfig(
    epochs=3, steps_per_epoch=2, batch_size=4, crop_size=64, validation_crops=4, workers=0, channels=(4, 6, 8),
    blocks=(1, 1), width=4, precision="float32", threads=1,
)  # fmt: skip


def network(config: FinderConfig) -> FinderNetwork:
    torch.manual_seed(0)
    return FinderNetwork(len(CHARACTERS), config.channels, config.blocks, config.width)


def weights(trained: FinderNetwork) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in trained.state_dict().values())


@pytest.fixture
def one_batch(monkeypatch: pytest.MonkeyPatch) -> Batch:
    """A batch that training gets in every step: bars of four heights, whose class is their grey level."""
    boxes = [(20, 20, 12, 16), (60, 16, 20, 30), (16, 70, 30, 50), (80, 70, 10, 40)]
    row = {"lines": np.array([0, 0, 1, 1]), "orders": np.array([0, 1, 0, 1])}
    documents = [describe((128, 128), boxes, [shift, 3, 6, 9], **row) for shift in range(4)]
    documents += [describe((128, 128), boxes[:2], [12, 15], printed=np.array([True, False]))] * 4
    batch = make_batch(documents)

    def load(*_: object) -> Iterator[Batch]:
        while True:
            yield batch

    monkeypatch.setattr(loop, "load_batches", load)
    return batch


def test_one_batch_is_learned_by_heart(one_batch: Batch) -> None:
    config = replace(TINY, epochs=4, steps_per_epoch=50, channels=(8, 16, 24, 32), blocks=(1, 1, 1), width=16)
    trained = network(config)
    before, _ = validate(trained, [one_batch])
    history = fit_finder(trained, config, RealDigits(), [one_batch])
    assert history[-1].train_loss < before / 20
    assert history[-1].train_accuracy == 1
    with torch.inference_mode():
        answers = ExportedFinder(trained)(one_batch.pictures)
    for row, boxes in ((0, 4), (7, 2)):
        maps = {name: values[row].numpy() for name, values in zip(trained.heads, answers, strict=True)}
        marks = decode(maps, MIN_SCORE)
        assert len(marks) == boxes
        if row == 7:
            assert sorted((marks.handwritten > 0.5).tolist()) == [False, True]


def test_resumed_training_gives_the_same_bits(tmp_path: Path) -> None:
    validation = [make_batch([describe((64, 64), [(20, 20, 12, 20)])])]
    whole = network(TINY)
    history = fit_finder(whole, TINY, RealDigits(), validation)

    class Stop:
        def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
            if done > 1.4:  # within the second epoch
                raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint.safetensors"
    assert len(fit_finder(network(TINY), TINY, RealDigits(), validation, checkpoint=checkpoint, progress=Stop())) == 1
    resumed = network(TINY)
    continued = fit_finder(resumed, TINY, RealDigits(), validation, checkpoint=checkpoint)
    assert weights(resumed) == weights(whole)
    assert [row.validation_loss for row in continued] == [row.validation_loss for row in history]


def test_another_seed_gives_other_documents() -> None:
    validation = [make_batch([describe((64, 64), [(20, 20, 12, 20)])])]
    config = replace(TINY, epochs=1)
    losses = {
        fit_finder(network(TINY), replace(config, seed=seed), RealDigits(), validation)[0].train_loss for seed in (0, 1)
    }
    assert len(losses) == 2


def test_divergence_names_the_rate(one_batch: Batch) -> None:
    with pytest.raises(TrainingError, match=r"epoch 1: the learning rate is too high\. Try --muon-lr 100000 instead"):
        fit_finder(network(TINY), replace(TINY, muon_lr=1e6, lr=1e6, warmup=0.0), RealDigits(), [one_batch])
