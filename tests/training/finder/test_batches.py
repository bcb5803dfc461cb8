"""The stream of documents: the same from any step on, and by any number of processes."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from tests.finder_documents import describe

from digits.synthesis.documents import RealDigits
from digits.training.finder.batches import (
    STREAMS,
    Batch,
    Batches,
    cut_line_out,
    load_batches,
    make_batch,
    show_smaller,
    validation_batches,
)
from digits.training.finder.config import FinderConfig

SMALL = FinderConfig(batch_size=4, crop_size=64, validation_crops=8, workers=0)


def equal(one: Batch, other: Batch) -> bool:
    return torch.equal(one.pictures, other.pictures) and all(
        torch.equal(values, getattr(other.targets, name)) for name, values in vars(one.targets).items()
    )


@pytest.mark.slow
def test_the_stream_can_begin_at_any_step() -> None:
    n = STREAMS + 3
    whole = list(islice(Batches(SMALL, RealDigits()), n))
    later = list(islice(Batches(SMALL, RealDigits(), STREAMS), 3))
    assert all(map(equal, whole[STREAMS:], later))
    assert not any(equal(one, other) for one, other in pairwise(whole))


@pytest.mark.slow
def test_processes_change_nothing() -> None:
    alone = list(islice(load_batches(SMALL, RealDigits(), 1), 3))
    together = list(islice(load_batches(replace(SMALL, workers=2), RealDigits(), 1), 3))
    assert all(map(equal, alone, together))


@pytest.mark.slow
def test_validation_shows_other_documents() -> None:
    learned = list(islice(Batches(SMALL, RealDigits()), 2))
    validation = validation_batches(SMALL, RealDigits())
    assert sum(len(batch.pictures) for batch in validation) == 8
    assert not any(equal(one, other) for one in learned for other in validation)


def test_a_smaller_document_has_its_boxes_where_its_ink_is() -> None:
    document = show_smaller(describe((64, 64), [(11, 7, 9, 21), (40, 30, 8, 8)], [2, 5]))
    assert document.picture.shape == (32, 32)
    found = np.zeros((32, 32), bool)
    for x, y, width, height in document.truth.boxes:
        found[y : y + height, x : x + width] = True
        assert document.picture[y : y + height, x].any()
        assert document.picture[y, x : x + width].any()
    assert not document.picture[~found].any()


@pytest.mark.parametrize("seed", range(5))
def test_a_line_is_cut_out_with_what_is_beside_it(seed: int) -> None:
    boxes, printed = [(10, 12, 8, 20), (22, 12, 8, 20), (40, 14, 6, 10)], np.array([False, False, True])
    document = describe((64, 64), boxes, [3, 4, 5], lines=np.array([0, 0, 1]), printed=printed)
    cut = cut_line_out(document, np.random.default_rng(seed))
    assert cut.picture.shape == (64, 64)
    assert cut.truth.labels[:2].tolist() == [3, 4], "the printed digit is no line to choose"
    left, top = np.array(boxes[0][:2]) - cut.truth.boxes[0, :2]
    assert 0 <= 12 - top <= 12
    assert 0 <= 10 - left <= 10
    for row, (x, y, width, height) in enumerate(cut.truth.boxes):
        assert (cut.picture[y : y + height, x : x + width] == document.picture[boxes[row][1], boxes[row][0]]).all()
        assert cut.truth.visible[row] == pytest.approx(width * height / np.prod(boxes[row][2:]))
    assert cut.truth.visible[:2].tolist() == [1, 1]


def test_a_batch_has_the_pictures_in_order() -> None:
    documents = [describe((64, 64), [(20, 20, 12, 20)], [label]) for label in (1, 2)]
    batch = make_batch(documents)
    assert all((batch.pictures[row].numpy() == each.picture).all() for row, each in enumerate(documents))
