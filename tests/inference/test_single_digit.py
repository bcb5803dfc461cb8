"""A picture of one digit is read in the way that makes most sense: any polarity, framing and size."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.hypotheses import WEIGHTS, confidence_odds
from benchmarks.results import read_rows
from benchmarks.variants import VARIANTS, draw_variant, write_line

from digits.inference import Reader
from digits.inference.single_digit import CONFIDENCE_WEIGHT, read_single
from digits.inference.single_digit import confidence_odds as odds_in_reader
from digits.preprocessing.single import FRAME_ODDS, LEVEL_ODDS, OVERLOOKED_WEIGHT
from digits.synthesis.digit_images import draw_digits
from digits.synthesis.outliers import draw_blots
from digits.types import Dataset

N = 40


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


@pytest.mark.parametrize("kind", VARIANTS)
def test_all_kinds_of_pictures_are_read(kind: str, reader: Reader, mnist: Dataset) -> None:
    pictures = draw_variant(mnist.train.images[:N], kind, seed=2)
    read = [int(read_single(picture, reader.model).probabilities.argmax()) for picture in pictures]
    assert (read == mnist.train.labels[:N]).sum() >= N - 2


@pytest.mark.parametrize("kind", ["tight crop", "16×16, filling the frame", "1 bit", "black canvas"])
def test_a_negative_is_read_alike(kind: str, reader: Reader, mnist: Dataset) -> None:
    for picture in draw_variant(mnist.train.images[:10], kind, seed=3):
        one, other = (read_single(each, reader.model) for each in (picture, 255 - picture))
        assert one.probabilities.argmax() == other.probabilities.argmax()


def test_blots_are_rejected(reader: Reader) -> None:
    blots = draw_digits(*draw_blots(20, np.random.default_rng(0)))
    pictures = (230 - np.kron(blots, np.ones((1, 5, 5))) * 0.75).astype(np.uint8)
    rejected = [read_single(picture, reader.model).confidence < reader.threshold for picture in pictures]
    assert np.mean(rejected) > 0.85


@pytest.mark.parametrize("grey", [0, 1, 60, 128, 254, 255])
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (28, 28), (60, 300), (0, 5)])
def test_an_empty_picture_has_no_digit(grey: int, shape: tuple[int, int], reader: Reader) -> None:
    found = read_single(np.full(shape, grey, np.uint8), reader.model)
    assert not found.image.any()
    assert np.allclose(found.probabilities, 0.1)


def test_a_clear_digit_is_read_in_one_way(reader: Reader, mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = list[int]()
    logits = type(reader.model).logits
    monkeypatch.setattr(
        type(reader.model), "logits", lambda model, images: batches.append(len(images)) or logits(model, images)
    )
    for picture in draw_variant(mnist.train.images[:20], "white canvas"):
        read_single(picture, reader.model)
    assert batches == [1] * 20


def test_the_weights_are_those_that_were_fitted() -> None:
    fitted = {row.case: row.value for row in read_rows("hypotheses")}
    shipped = [CONFIDENCE_WEIGHT, LEVEL_ODDS, FRAME_ODDS, OVERLOOKED_WEIGHT]
    assert [fitted[name] for name in WEIGHTS] == shipped


def test_the_weights_were_fitted_to_the_odds_that_the_reader_computes() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 50).astype(np.float32)
    probabilities[0] = np.eye(10)[3]
    assert np.array_equal(confidence_odds(probabilities), odds_in_reader(probabilities))


@pytest.mark.parametrize("kind", VARIANTS)
def test_one_digit_is_noticed(kind: str, reader: Reader, mnist: Dataset) -> None:
    pictures = draw_variant(mnist.train.images[:N], kind, seed=4)
    alike = [reader.read(each).text == reader.read(each, single=True).text for each in pictures]
    assert sum(alike) >= N - 3


@pytest.mark.parametrize("length", [2, 3, 5])
def test_several_digits_stay_several(length: int, reader: Reader, mnist: Dataset) -> None:
    rng = np.random.default_rng(length)
    pictures = [write_line(mnist.train.images[rng.integers(0, 1000, length)], rng) for _ in range(N)]
    assert sum(len(reader.read(picture).text) > 1 for picture in pictures) >= N - 2
