"""What a run learns from: MNIST, or loudly our own pen where it is nowhere; and what it learns besides."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from digits.training.sources import NOTICE, enlarged, loaded, synthetic_dataset
from digits.training.teams import teacher_config

from digits.data import MNIST_FILES, split
from digits.errors import DataError, MissingMNISTError, UsageError
from digits.synthesis import synthesize
from digits.training import sources
from digits.training.config import TrainConfig
from digits.training.run import Run, resume, train
from digits.types import Dataset, Images, LabelledDigits

pytestmark = pytest.mark.slow

CPU = TrainConfig(device="cpu")
QUICK: dict[str, Any] = {"hidden": (16,), "batch_size": 50, "epochs": 3}


def heard(data: Any) -> tuple[Dataset, list[str]]:
    """Load, and give what was told."""
    told = list[str]()
    dataset, device = loaded(data, CPU, told.append)
    assert device == torch.device("cpu")
    return dataset, told


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SIZES", (600, 100))


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST cannot be found."""

    def load(data: object) -> Dataset:
        assert data is None
        raise MissingMNISTError("No complete MNIST is here.")

    monkeypatch.setattr(sources, "load_dataset", load)


@pytest.fixture(autouse=True)
def _photographed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take photographs at once: darker digits, by how much the seed says, so that a test can tell whose they are."""

    def simulate_photos(images: Images, seed: int) -> Images:
        assert seed >= 0
        return images // 2 + np.uint8(seed % 2)

    monkeypatch.setattr("digits.synthesis.simulate_photos", simulate_photos, raising=False)


def test_a_synthetic_set_says_what_it_is() -> None:
    dataset = synthetic_dataset()
    assert (dataset.name, dataset.location, dataset.held_out) == ("synthetic handwriting", "synthetic", False)
    assert (len(dataset.train), len(dataset.test)) == (600, 100)
    assert list(dataset.sha256) == list(MNIST_FILES)
    assert synthetic_dataset().sha256 == dataset.sha256
    assert np.array_equal(dataset.train.images, synthesize(600, 0).images)
    assert np.array_equal(dataset.test.images, synthesize(100, 1).images), "by other writers"


def test_without_mnist_our_own_pen_is_taken_and_told_before_it_writes(
    nowhere: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    dataset, told = heard(None)
    assert (dataset.location, told) == ("synthetic", [NOTICE])
    assert caplog.messages == ["No complete MNIST is here."]
    events = list[str]()
    monkeypatch.setattr(sources, "synthetic_dataset", lambda: events.append("written") or dataset)
    loaded(None, CPU, lambda _: events.append("told"))
    assert events == ["told", "written"]


def test_mnist_that_is_found_is_taken_and_nothing_told(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_dataset", lambda data: few)
    assert heard(None) == (few, [])


def test_a_place_that_is_broken_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path, str(tmp_path / "none")):
        with pytest.raises(DataError):
            loaded(place, CPU, pytest.fail)


def test_the_notice_is_one_line_that_says_what_to_do() -> None:
    assert "\n" not in NOTICE
    for words in ("SYNTHETIC DIGITS", "is not an MNIST accuracy", "`digits data`", "--data", "$DIGITS_DATA"):
        assert words in NOTICE


def test_a_loaded_set_of_our_own_pen_is_told_too(few: Dataset) -> None:
    ours = synthetic_dataset()
    assert heard(ours) == (ours, [NOTICE])
    assert heard(few) == (few, [])


def test_a_folder_called_synthetic_is_reached_by_its_path(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("synthetic").mkdir()
    np.savez("synthetic/own.npz", images=few.train.images[:100], labels=few.train.labels[:100])
    for place in ("./synthetic", Path("synthetic"), str(tmp_path / "synthetic")):
        dataset, told = heard(place)
        assert (len(dataset.train) + len(dataset.test), told) == (100, [])
    assert caplog.messages == []
    assert heard("synthetic")[1] == [NOTICE]
    assert caplog.messages == ["synthetic is our own pen; what lies here under this name is ./synthetic"]


def test_writing_that_takes_long_is_told(
    few: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    enlarged(few.train, TrainConfig(synthetic=20, photographs=20))
    assert caplog.messages == []
    monkeypatch.setattr(sources, "SLOW", {"writing": 700, "photographing": 20})
    synthetic_dataset()
    enlarged(few.train, TrainConfig(synthetic=20, photographs=20))
    assert caplog.messages == ["writing 700 digits …", "photographing 20 digits …"]


def same(first: LabelledDigits, second: LabelledDigits) -> bool:
    return np.array_equal(first.images, second.images) and np.array_equal(first.labels, second.labels)


def part(digits: LabelledDigits, cut: slice) -> LabelledDigits:
    return LabelledDigits(digits.images[cut], digits.labels[cut])


def test_nothing_is_added_unasked(few: Dataset) -> None:
    assert same(enlarged(few.train, TrainConfig()), few.train)


def test_our_own_pen_writes_behind_the_digits_of_the_set(few: Dataset) -> None:
    learned = enlarged(few.train, TrainConfig(synthetic=50))
    assert same(part(learned, slice(2000)), few.train)
    assert np.bincount(learned.labels[2000:]).tolist() == [5] * 10


def test_photographs_are_of_all_that_is_learned_with_its_labels(few: Dataset) -> None:
    learned = enlarged(few.train, TrainConfig(synthetic=2000, photographs=300))
    before = enlarged(few.train, TrainConfig(synthetic=2000))
    assert same(part(learned, slice(4000)), before)
    taken = part(learned, slice(4000, None))
    assert len(taken) == 300
    labels = {(image // 2).tobytes(): label for image, label in zip(before.images, before.labels, strict=True)}
    added = taken.images.min()
    found = [labels[(image - added).tobytes()] for image in taken.images]
    assert found == taken.labels.tolist()
    ours = {(image // 2).tobytes() for image in before.images[2000:]}
    assert 90 < sum((image - added).tobytes() in ours for image in taken.images) < 210, "about half"


def test_the_seed_says_what_is_added(few: Dataset) -> None:
    configs = [TrainConfig(seed=seed, synthetic=20, photographs=20) for seed in (0, 0, 1, 2**63 - 1)]
    first, again, *others = (enlarged(few.train, config) for config in configs)
    assert same(first, again)
    for cut in (slice(2000, 2020), slice(2020, None)):
        assert not any(same(part(first, cut), part(other, cut)) for other in others)


def test_a_run_never_adds_the_digits_of_a_synthetic_set() -> None:
    ours = synthetic_dataset()
    held = {image.tobytes() for image in (*ours.train.images, *ours.test.images)}
    added = part(enlarged(ours.train, TrainConfig(synthetic=600)), slice(600, None))
    assert sum(image.tobytes() in held for image in added.images) < 3


def test_each_member_adds_its_own_and_the_ensemble_none(few: Dataset) -> None:
    config = TrainConfig(members=2, synthetic=20)
    assert same(enlarged(few.train, config), few.train)
    first, second = (enlarged(few.train, config.member(index)) for index in range(2))
    assert not np.array_equal(first.images[2000:], second.images[2000:])


def test_a_teacher_that_is_trained_first_learns_from_the_same() -> None:
    teacher = teacher_config(TrainConfig(teacher="cnn", synthetic=20, photographs=30, seed=4))
    assert teacher is not None
    assert (teacher.synthetic, teacher.photographs, teacher.seed) == (20, 30, 4)


ADDED: dict[str, Any] = QUICK | {"synthetic": 400, "photographs": 300, "others": 0}


@pytest.fixture
def larger(few: Dataset, tmp_path: Path) -> Run:
    return train("standard", data=few, out=tmp_path / "larger", **ADDED)


def test_a_run_is_judged_by_the_digits_it_would_be_without(larger: Run, few: Dataset) -> None:
    counts = {name: n for name, n in larger.results["data"].items() if isinstance(n, int)}
    assert counts == {
        "train": 1667 + 700,
        "validation": 333,
        "test": 1000,
        "synthetic": 400,
        "photographs": 300,
        "others": 0,
    }
    assert [larger.results[name]["n"] for name in ("train", "validation", "test")] == [2367, 333, 1000]
    _, validation = split(few.train, 333)
    assert np.sum(larger.results["validation"]["confusion"], axis=1).tolist() == np.bincount(validation.labels).tolist()


def stopped(run: Callable[..., Run], **arguments: Any) -> None:
    """Begin a run that ends in its second epoch, as one that is killed."""

    class Killed(BaseException):
        pass

    def kill(done: float, epochs: int, history: object) -> None:
        if done > 1.5:
            raise Killed

    with pytest.raises(Killed):
        run("standard", progress=kill, **arguments)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_resumed_run_learns_from_the_very_same_digits(larger: Run, few: Dataset, tmp_path: Path) -> None:
    stopped(train, data=few, out=tmp_path / "cut", **ADDED)
    resume(tmp_path / "cut", data=few)
    assert weights(tmp_path / "cut") == weights(larger.folder)


def test_a_run_on_a_synthetic_set_is_resumed_and_says_so(nowhere: None, tmp_path: Path) -> None:
    told = list[str]()
    whole = train("standard", out=tmp_path / "whole", tell=told.append, **QUICK)
    stopped(train, out=tmp_path / "cut", tell=told.append, **QUICK)
    resumed = resume(tmp_path / "cut", tell=told.append)
    assert weights(resumed.folder) == weights(whole.folder)
    assert resumed.results | {"seconds": 0} == whole.results | {"seconds": 0}
    assert whole.results["notices"] == [NOTICE]
    assert whole.results["data"]["name"] == "synthetic handwriting"
    assert whole.results["command"].endswith(" --data synthetic")
    assert told == [NOTICE] * 3


def test_from_python_the_notice_is_a_warning(nowhere: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train("standard", out=tmp_path / "run", **QUICK | {"epochs": 1})
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING][-1] == NOTICE


def test_added_digits_count_for_the_batch(few: Dataset, tmp_path: Path) -> None:
    small = Dataset("small", part(few.train, slice(60)), few.test, "small.npz", {})
    with pytest.raises(UsageError, match=r"^batch_size 500 is more than the 470 digits to learn from"):
        train("standard", data=small, out=tmp_path / "run", synthetic=400, photographs=20)
    run = train("standard", data=small, out=tmp_path / "run", epochs=1, synthetic=400, photographs=50)
    assert run.results["data"]["train"] == 500


def test_our_own_pen_adds_nothing_to_what_is_no_digit(few: Dataset, tmp_path: Path) -> None:
    letters = Dataset("letters", few.train, few.test, "letters", {}, classes=("a", "b", "c"))
    for changes in ({"synthetic": 1}, {"photographs": 1}):
        with pytest.raises(UsageError) as refused:
            train("standard", data=letters, out=tmp_path / "run", **changes)
        assert str(refused.value) == (
            "the classes of letters are a, b, c: our own pen writes digits only, so that --synthetic, "
            "--photographs and --others must be 0"
        )
    assert not (tmp_path / "run").exists()
