"""MNIST-C's corruptions: all there, always the same, and no worse than a person could read."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.corruptions import CORRUPTIONS, corrupt

from digits.types import Dataset, Images

NAMES = list(CORRUPTIONS)
WITHOUT_CHANCE = ("scale", "brightness", "stripe", "canny edges")


@pytest.fixture(scope="module")
def some(mnist: Dataset) -> Images:
    return mnist.test.images[:100]


def blob() -> Images:
    """A grey square in the middle."""
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10:18, 10:18] = 200
    return image


def middle(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.mgrid[:28, :28]
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def test_all_fifteen_are_there_in_the_papers_order() -> None:
    names = (
        "shot noise, impulse noise, glass blur, motion blur, shear, scale, rotate, brightness, translate, stripe, fog, "
    )
    assert ", ".join(NAMES) == names + "spatter, dotted line, zigzag, canny edges"


@pytest.mark.parametrize("name", NAMES)
def test_every_digit_is_changed_and_the_given_ones_are_not(name: str, some: Images) -> None:
    before = some.copy()
    after = corrupt(some, name, 3)
    assert np.array_equal(some, before)
    assert (after.dtype, after.shape) == (np.uint8, some.shape)
    assert (after != some).any((1, 2)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name: str, some: Images) -> None:
    first, again, other = (corrupt(some, name, seed).tobytes() for seed in (3, 3, 4))
    assert first == again
    assert (first == other) == (name in WITHOUT_CHANCE)


@pytest.mark.parametrize("name", NAMES)
def test_blank_digits_and_none_at_all_are_accepted(name: str) -> None:
    for n, grey in ((3, 0), (3, 255), (0, 0)):
        images = np.full((n, 28, 28), grey, np.uint8)
        assert corrupt(images, name).shape == images.shape


@pytest.mark.parametrize("name", NAMES)
def test_the_nearest_mean_still_reads_far_more_than_chance(name: str, mnist: Dataset) -> None:
    # the simplest classifier, trained on digits corrupted alike: what it reads is still in the picture
    learned, labels = corrupt(mnist.train.images[:2000], name, 1).astype(float), mnist.train.labels[:2000]
    means = np.stack([learned[labels == label].mean(0).ravel() for label in range(10)])
    judged = corrupt(mnist.test.images[:500], name, 2).reshape(500, -1).astype(float)
    judged -= judged.mean(1, keepdims=True)
    means -= means.mean(1, keepdims=True)
    likeness = judged @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    assert (likeness.argmax(1) == mnist.test.labels[:500]).mean() > 0.35


def test_an_unknown_corruption_is_an_error(some: Images) -> None:
    with pytest.raises(KeyError):
        corrupt(some, "frost")


def test_shot_noise_counts_few_photons() -> None:
    counts = corrupt(np.full((50, 28, 28), 128, np.uint8), "shot noise")
    assert set(np.unique(counts)) == {0, 85, 170, 255}
    assert (counts == 0).mean() == pytest.approx(np.exp(-1.5), abs=0.01)


def test_impulse_noise_strikes_one_pixel_in_six() -> None:
    struck = corrupt(np.full((50, 28, 28), 128, np.uint8), "impulse noise")
    assert [(struck == value).mean() for value in (0, 255)] == pytest.approx([0.085, 0.085], abs=0.01)


def test_blurs_lose_no_ink() -> None:
    for name in ("glass blur", "motion blur"):
        assert corrupt(blob(), name).sum() == pytest.approx(blob().sum(), rel=0.05)


def test_motion_smears_to_one_side() -> None:
    smeared = corrupt(np.repeat(blob(), 20, 0), "motion blur")
    assert all(9 < middle(image)[1] < 13 for image in smeared)


@pytest.mark.parametrize("name", ["shear", "scale", "rotate"])
def test_what_leans_shrinks_or_turns_stays_in_the_middle(name: str) -> None:
    assert middle(corrupt(blob(), name)[0]) == pytest.approx((13.5, 13.5), abs=0.1)


def test_scale_shrinks_to_seven_tenths(some: Images) -> None:
    assert corrupt(some, "scale").sum() == pytest.approx(0.7**2 * some.sum(), rel=0.02)


def test_translate_goes_three_pixels_towards_every_corner() -> None:
    places = {middle(image) for image in corrupt(np.repeat(blob(), 30, 0), "translate")}
    assert places == {(row, column) for row in (10.5, 16.5) for column in (10.5, 16.5)}


def test_brightness_lifts_the_background(some: Images) -> None:
    assert corrupt(some, "brightness").min() == 128


def test_stripe_twice_is_nothing(some: Images) -> None:
    assert np.array_equal(corrupt(corrupt(some, "stripe"), "stripe"), some)


def test_fog_only_adds_to_what_is_left_of_the_digit(some: Images) -> None:
    whitest = some.max((1, 2), keepdims=True) / 255
    added = corrupt(some, "fog") - some * (whitest / (whitest + 3))
    assert added.min() > -3
    assert 60 < added.mean() < 140


@pytest.mark.parametrize("name", ["dotted line", "zigzag"])
def test_lines_only_add_ink(name: str, some: Images) -> None:
    assert (corrupt(some, name) >= some).all()


def test_a_dotted_line_leaves_every_other_pair_of_columns(some: Images) -> None:
    assert np.array_equal(corrupt(some, "dotted line")[:, :, [0, 1, 4, 5, 24, 25]], some[:, :, [0, 1, 4, 5, 24, 25]])


def test_edges_are_white_or_nothing(some: Images) -> None:
    assert set(np.unique(corrupt(some, "canny edges"))) == {0, 255}
    # a square has four sides and no inside
    assert corrupt(blob(), "canny edges")[0, 13, 13] == 0
