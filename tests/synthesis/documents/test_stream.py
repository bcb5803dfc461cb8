"""Streams of documents: they depend on their arguments alone, and what they say of their pixels is true."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice, pairwise

import numpy as np
import pytest

from digits.errors import UsageError
from digits.synthesis.documents import (
    HELD_OUT_LAYOUTS,
    LAYOUTS,
    Document,
    RealDigits,
    synthesize_crops,
    synthesize_documents,
)
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.stream import CROPS_PER_PAGE, DOCUMENT_SIDES
from digits.synthesis.documents.views import sample_crop_view

pytestmark = pytest.mark.slow

CODE = """
import hashlib
from itertools import islice
from digits.synthesis.documents import synthesize_crops, synthesize_documents
for each in (*islice(synthesize_crops(5, size=160), 24), *islice(synthesize_documents(5), 2)):
    arrays = (each.picture, each.truth.mask, each.truth.boxes, each.truth.labels)
    print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""


@pytest.fixture(scope="module")
def seen(real: RealDigits) -> list[Document]:
    """Crops to look at: many, since the truth must hold for all of them."""
    return list(islice(synthesize_crops(6, real=real, size=192), 240))


def digest(document: Document) -> str:
    truth = document.truth
    arrays = (document.picture, *(getattr(truth, name) for name in truth.__dataclass_fields__))
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def digests(stream: Iterator[Document], n: int) -> list[str]:
    return [digest(each) for each in islice(stream, n)]


def test_same_arguments_give_the_same_bytes(real: RealDigits) -> None:
    first, second = (digests(synthesize_crops(3, real=real, size=128), 12) for _ in range(2))
    assert first == second
    assert len(set(first)) == 12
    assert digests(synthesize_documents(3, real=real), 2) == digests(synthesize_documents(3, real=real), 2)


def test_seeds_share_nothing() -> None:
    assert not set(digests(synthesize_crops(1, size=96), 8)) & set(digests(synthesize_crops(2, size=96), 8))


def test_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    here = [*islice(synthesize_crops(5, size=160), 24), *islice(synthesize_documents(5), 2)]
    arrays = [(each.picture, each.truth.mask, each.truth.boxes, each.truth.labels) for each in here]
    hashes = [hashlib.sha256(b"".join(array.tobytes() for array in row)).hexdigest() for row in arrays]
    assert on_an_older_processor(CODE).split() == hashes


def test_parts_make_the_whole() -> None:
    whole = digests(synthesize_crops(4, size=96), 4 * CROPS_PER_PAGE)
    parts = [digests(synthesize_crops(4, size=96, start=start, step=2), 2 * CROPS_PER_PAGE) for start in range(2)]
    pages = [part[page * CROPS_PER_PAGE : (page + 1) * CROPS_PER_PAGE] for page in range(2) for part in parts]
    assert [each for page in pages for each in page] == whole
    assert digests(synthesize_crops(4, size=96, start=3), 4) == whole[3 * CROPS_PER_PAGE :]


def test_truth_matches_the_pixels(seen: list[Document]) -> None:
    handwritten = masked = 0
    reached = list[bool]()
    for each in seen:
        truth, (height, width) = each.truth, each.picture.shape
        x, y, wide, high = truth.boxes.T
        assert min([*x, *y, *(wide - 1), *(high - 1), *(width - x - wide), *(height - y - high)], default=0) >= 0
        assert set(np.unique(truth.mask)) <= {0, *(1 + np.flatnonzero(~truth.printed))}
        for row in np.flatnonzero(~truth.printed):
            ink = truth.mask == row + 1
            inside = ink[y[row] : y[row] + high[row], x[row] : x[row] + wide[row]]
            assert inside.sum() == ink.sum()
            if truth.visible[row] > 0.95 and not truth.struck[row]:
                handwritten += 1
                # the box is tight: its ink reaches all four sides, unless the grain of the paper or other ink took it
                masked += all(side.any() for side in (inside[:3], inside[-3:], inside[:, :3], inside[:, -3:]))
                reached += [bool(side.any()) for side in (inside[:2], inside[-2:], inside[:, :2], inside[:, -2:])]
    assert handwritten > 500
    assert masked / handwritten > 0.975
    assert np.mean(reached) > 0.96


def test_ink_differs_from_its_ground(seen: list[Document]) -> None:
    for each in seen:
        for row in np.flatnonzero(~each.truth.printed & (each.truth.visible > 0.9)):
            x, y, wide, high = each.truth.boxes[row]
            place = slice(y, y + high), slice(x, x + wide)
            ink = each.truth.mask[place] == row + 1
            if ink.any() and not ink.all():
                assert abs(each.picture[place][ink].mean() - each.picture[place][~ink].mean()) > 5


def test_lines_go_in_their_direction(seen: list[Document]) -> None:
    wrong = total = 0
    for each in seen:
        truth = each.truth
        middles = truth.boxes[:, :2] + truth.boxes[:, 2:] / 2
        whole = truth.visible > 0.95
        for line in set(truth.lines):
            rows = np.flatnonzero((truth.lines == line) & whole)
            rows = rows[np.argsort(truth.orders[rows])]
            assert len(set(truth.orders[rows])) == len(rows)
            for a, b in pairwise(rows):
                ahead = np.array([np.cos(truth.directions[a]), np.sin(truth.directions[a])])
                wrong += (middles[b] - middles[a]) @ ahead <= 0
                total += 1
    assert total > 300
    assert wrong / total < 0.01


def test_what_learning_sees_is_held_out_of_documents() -> None:
    assert not set(LAYOUTS) & set(HELD_OUT_LAYOUTS)
    assert min(map(len, (LAYOUTS, HELD_OUT_LAYOUTS))) > 5


def test_documents_are_whole_pages() -> None:
    for each in islice(synthesize_documents(1), 3):
        assert DOCUMENT_SIDES[0] <= max(each.picture.shape) <= DOCUMENT_SIDES[1]
        assert len(each.truth)


def test_crops_have_everything(seen: list[Document]) -> None:
    labels = np.concatenate([each.truth.labels for each in seen])
    printed = np.concatenate([each.truth.printed for each in seen])
    assert set(labels[~printed]) >= set(range(17))
    assert set(labels[printed]) >= set(range(10))
    assert any(each.truth.struck.any() for each in seen)
    assert 0.1 < np.mean([not (~each.truth.printed).any() for each in seen]) < 0.5


@pytest.mark.parametrize("is_photo", [False, True])
def test_pictures_lie_on_every_side(make_page: Callable[..., Page], is_photo: bool) -> None:
    page, rng, sides = make_page(), np.random.default_rng(0), np.zeros(4, int)
    page.write("4711", 100, 200, rng)
    for _ in range(500):
        homography = sample_crop_view(page, 96, is_photo, rng).homography
        sides[round(np.arctan2(homography[1, 0], homography[0, 0]) / (np.pi / 2)) % 4] += 1
    assert sides.min() >= 3
    assert sides[0] > 400


def test_layout_of_a_user_is_drawn(real: RealDigits) -> None:
    def sevens(page: Page, rng: np.random.Generator) -> None:
        page.write("777", 0.3 * page.width, 0.5 * page.height, rng)

    found = [each.truth for each in islice(synthesize_documents(0, real=real, layouts={sevens: 1.0}), 6)]
    assert {label for truth in found for label in truth.labels} == {7}
    assert max(map(len, found)) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be 0 or more"),
        ({"size": 63}, "size must be 64 pixels or more, not 63"),
        ({"units": (20.0, 10.0)}, "units must be heights of 4 pixels or more, the least first"),
        ({"start": -1}, "start must be 0 or more"),
        ({"step": 0}, "step 1 or more"),
        ({"layouts": {}}, "layouts must hold one layout or more"),
    ],
)
def test_invalid_arguments_are_refused_at_once(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        synthesize_crops(**arguments)  # type: ignore[arg-type]
