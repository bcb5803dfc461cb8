"""The training set: validation digits held out, and synthetic digits, simulated photographs and outliers added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.training.conftest import first, small

from digits.data import split
from digits.data.formats.unipen import PenDigit
from digits.errors import DataNotFoundError, UsageError
from digits.synthesis import Captures, synthesize_outliers
from digits.training import fit, get_recipe, make_network, predict_logits, synthetic_dataset, train
from digits.training.engine.loop import NO_IMAGES
from digits.training.run import inputs
from digits.training.run.ensembles import plan_stages
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import build_training_set, digits_per_epoch, draw_outliers, validation_size
from digits.types import Dataset, Images, LabelledDigits, softmax

pytestmark = pytest.mark.slow

N = 1667
"""Training digits of `few` without its 333 validation digits."""


@pytest.fixture
def _fast_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate photographs at once: darker digits, by how much depends on the seed."""

    def simulate_photos(images: Images, seed: int) -> Images:
        assert seed >= 0
        return images // 2 + np.uint8(seed % 2)

    monkeypatch.setattr("digits.synthesis.simulate_photos", simulate_photos, raising=False)


def build(dataset: Dataset, **settings: float) -> LabelledDigits:
    return build_training_set(small(**settings), Inputs(dataset)).train


def is_same(first: LabelledDigits, second: LabelledDigits) -> bool:
    return np.array_equal(first.images, second.images) and np.array_equal(first.labels, second.labels)


def part(digits: LabelledDigits, cut: slice) -> LabelledDigits:
    return LabelledDigits(digits.images[cut], digits.labels[cut])


def test_by_default_only_the_validation_digits_are_held_out(few: Dataset) -> None:
    learned = build_training_set(small(), Inputs(few))
    train, validation = split(few.train, 333)
    assert is_same(learned.train, train)
    assert is_same(learned.validation, validation)
    assert len(learned.outliers) == 0


def test_validation_digits_of_the_files_are_used_and_none_is_held_out(few: Dataset) -> None:
    given = replace(few, validation=part(few.test, slice(100)))
    learned = build_training_set(small(), Inputs(given))
    assert is_same(learned.train, few.train)
    assert is_same(learned.validation, part(few.test, slice(100)))
    assert validation_size(small(), given) == 100
    assert digits_per_epoch(small(), given, 100) == len(few.train)


def test_synthetic_digits_are_appended(few: Dataset) -> None:
    learned = build(few, synthetic=50)
    assert is_same(first(learned, N), build(few))
    assert np.bincount(learned.labels[N:]).tolist() == [5] * 10


@pytest.mark.usefixtures("_fast_photos")
def test_photographs_are_of_all_training_digits_with_their_labels(few: Dataset) -> None:
    before, learned = build(few, synthetic=N), build(few, synthetic=N, simulated_photos=300)
    assert is_same(first(learned, 2 * N), before)
    photos = part(learned, slice(2 * N, None))
    assert len(photos) == 300
    originals = [(image // 2).tobytes() for image in before.images]
    labels = dict(zip(originals, before.labels, strict=True))
    found = [(image - photos.images.min()).tobytes() for image in photos.images]
    assert [labels[image] for image in found] == photos.labels.tolist()
    assert 90 < sum(image in set(originals[N:]) for image in found) < 210, "about half are synthetic"


@pytest.mark.usefixtures("_fast_photos")
def test_seed_decides_what_is_added(few: Dataset) -> None:
    learned, again, *others = (
        build(few, seed=seed, synthetic=20, simulated_photos=20) for seed in (0, 0, 1, 2**63 - 1)
    )
    assert is_same(learned, again)
    for cut in (slice(N, N + 20), slice(N + 20, None)):
        assert not any(is_same(part(learned, cut), part(other, cut)) for other in others)


def test_replayed_digits_are_the_same_for_every_seed(few: Dataset) -> None:
    runs = [build(few, replay_size=100, seed=seed) for seed in (0, 1)]
    assert is_same(*runs)
    assert np.bincount(runs[0].labels).tolist() == pytest.approx([10] * 10, abs=4)
    assert not is_same(runs[0], build(few, replay_size=100, split_seed=1))


def test_fraction_is_one_part_for_members_and_teachers_and_another_for_every_seed(few: Dataset) -> None:
    config = small(fraction=0.1, ensemble_size=2, seed=3)
    learned = [
        build_training_set(each, Inputs(few, seed=3)).train for each in (config, config.member(0), config.member(1))
    ]
    assert len(learned[0]) == digits_per_epoch(config, few, 333) == 167
    assert is_same(learned[0], learned[1])
    assert is_same(learned[0], learned[2])
    assert np.bincount(learned[0].labels) == pytest.approx(np.bincount(build(few).labels) / 10, abs=1)
    assert not is_same(learned[0], build_training_set(config, Inputs(few, seed=4)).train)
    teacher = plan_stages(Path("run"), small(fraction=0.1, teacher="cnn"), Inputs(few, seed=3)).teacher
    assert teacher is not None
    assert (teacher.config.data.fraction, teacher.inputs.seed) == (0.1, 3)


def test_smaller_fraction_is_part_of_a_larger_one(few: Dataset) -> None:
    sets = [{image.tobytes() for image in build(few, fraction=f).images} for f in (0.04, 0.3, 1.0)]
    assert sets[0] < sets[1] < sets[2]
    held_out = {image.tobytes() for image in build_training_set(small(fraction=0.3), Inputs(few)).validation.images}
    assert len(held_out) == 333
    assert not sets[2] & held_out


def test_batch_larger_than_the_fraction_is_refused(few: Dataset) -> None:
    with pytest.raises(UsageError, match="batch_size 50 is more than the 17 digits to learn from; try --batch-size 1"):
        build(few, fraction=0.01)


def test_synthetic_digits_never_repeat_the_synthetic_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "SYNTHETIC_SIZES", (600, 100))
    dataset = synthetic_dataset()
    existing = {image.tobytes() for image in (*dataset.train.images, *dataset.test.images)}
    added = part(build(dataset, synthetic=600), slice(500, None))
    assert sum(image.tobytes() in existing for image in added.images) < 3


def test_members_have_additions_of_their_own_and_the_ensemble_has_none(few: Dataset) -> None:
    config = small(ensemble_size=2, synthetic=20, outliers=20)
    whole = build_training_set(config, Inputs(few))
    assert (len(whole.train), len(whole.outliers)) == (N, 0)
    one, two = (build_training_set(config.member(index), Inputs(few)) for index in range(2))
    assert not np.array_equal(one.train.images[N:], two.train.images[N:])
    assert not np.array_equal(one.outliers, two.outliers)


def test_of_four_outliers_two_are_photographed_and_one_is_captured() -> None:
    drawn, outliers = synthesize_outliers(40, 5), draw_outliers(40, 5)
    is_changed = (drawn != outliers).any((1, 2))
    assert not is_changed[3::4].any()
    assert is_changed[::2].sum() > 10
    assert is_changed[1::4].sum() > 5


def test_outliers_follow_the_seed_but_not_in_fine_tuning(few: Dataset) -> None:
    def outliers(**settings: int) -> Images:
        return build_training_set(small(outliers=20, **settings), Inputs(few)).outliers

    assert np.array_equal(outliers(), outliers())
    assert not np.array_equal(outliers(), outliers(seed=1))
    assert np.array_equal(outliers(replay_size=100), outliers(replay_size=100, seed=1))


def test_network_is_less_confident_of_outliers_after_learning_some(mnist: Dataset) -> None:
    config = get_recipe("fast", epochs=4, batch_size=250)
    validation = part(mnist.train, slice(-500, None))
    confidence = []
    for outliers in (NO_IMAGES, synthesize_outliers(2000, 1)):
        network = make_network(config)
        history = fit(network, first(mnist.train, 4000), validation, config, outliers=outliers)
        confidence.append(softmax(predict_logits(network, synthesize_outliers(300, 2))).max(1).mean())
        assert history[-1].validation_accuracy > 0.9
    assert confidence[1] < confidence[0] - 0.2


@pytest.mark.usefixtures("_fast_photos")
def test_validation_digits_stay_the_same_with_additions(few: Dataset, tmp_path: Path) -> None:
    config = small(synthetic=400, simulated_photos=300, epochs=1)
    run = train(config, data=few, out=tmp_path / "run")
    parts = ("train", "validation", "test", "synthetic", "simulated_photos", "outliers")
    assert [run.results["data"][name] for name in parts] == [N + 700, 333, 1000, 400, 300, 0]
    assert [run.results[name]["n"] for name in parts[:3]] == [N + 700, 333, 1000]
    _, validation = split(few.train, 333)
    assert np.sum(run.results["validation"]["confusion"], axis=1).tolist() == np.bincount(validation.labels).tolist()


def test_pen_strokes_are_drawn_with_their_labels(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strokes = [np.array([(0.0, 0.0), (0.0, 300.0)])], [np.array([(0.0, 0.0), (300.0, 0.0)])]
    written = [PenDigit(label, 1, tuple(each)) for label, each in zip((1, 7), strokes, strict=True)]
    monkeypatch.setattr("digits.training.run.training_set.load_pen_strokes", lambda: written)
    learned, again, other = (part(build(few, pen_strokes=40, seed=seed), slice(N, None)) for seed in (0, 0, 1))
    assert is_same(learned, again)
    assert not is_same(learned, other)
    assert set(learned.labels) == {1, 7}
    is_upright = learned.images.any(2).sum(1) > learned.images.any(1).sum(1)
    assert is_upright.tolist() == (learned.labels == 1).tolist()


def test_missing_pen_strokes_are_an_error_before_there_is_a_folder(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_STROKES", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"pendigits-orig\.tra.*--pen-strokes 0"):
        train(small(pen_strokes=10, epochs=1), data=few, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_captures_keep_their_labels_and_misreadings_join_the_outliers(
    few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def simulate_captures(images: Images, seed: int) -> Captures:
        return Captures(images // 2 + np.uint8(seed % 2), images[:8] // 3)

    monkeypatch.setattr("digits.synthesis.simulate_captures", simulate_captures, raising=False)
    alone = build_training_set(small(simulated_captures=300), Inputs(few))
    learned = build_training_set(small(simulated_captures=300, outliers=18), Inputs(few))
    assert is_same(alone.train, learned.train)
    labels = dict(zip([(image // 2).tobytes() for image in few.train.images], few.train.labels, strict=True))
    captured = part(learned.train, slice(N, None))
    assert [labels[(image - captured.images.min()).tobytes()] for image in captured.images] == captured.labels.tolist()
    assert len(alone.outliers) == 0
    assert np.array_equal(learned.outliers[:18], build_training_set(small(outliers=18), Inputs(few)).outliers)
    assert len(learned.outliers) == 18 + 6, "a third as many as other outliers"


def test_additions_count_towards_the_batch_size(few: Dataset) -> None:
    dataset = Dataset("sixty", first(few.train, 60), few.test, "sixty.npz", {})
    added = {"synthetic": 300, "pen_strokes": 60, "simulated_photos": 50, "simulated_captures": 40}
    enough = small(batch_size=500, **added)
    assert validation_size(enough, dataset) == 10
    for name, n in added.items():
        with pytest.raises(UsageError, match="batch_size 500 is more than the 499 digits"):
            validation_size(enough.replace(**{name: n - 1}), dataset)


@pytest.mark.parametrize("name", ["synthetic", "pen_strokes", "simulated_photos", "simulated_captures", "outliers"])
def test_other_classes_than_digits_get_no_additions(few: Dataset, name: str) -> None:
    letters = Dataset("letters", few.train, few.test, "letters", {}, classes=("a", "b", "c"))
    with pytest.raises(UsageError, match=r"the classes of letters are a, b, c, .* --outliers must be 0"):
        validation_size(small(**{name: 1}), letters)
