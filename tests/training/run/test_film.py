"""A film of a run: what it holds, what it costs, and that it changes nothing."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.training.conftest import Interrupt, small, weights

from digits.errors import UsageError
from digits.evaluation.figures import draw_film
from digits.files import read_json_object
from digits.training import resume, train
from digits.training.run.budget import fit_epochs
from digits.training.run.film import FILE, KEPT
from digits.types import Dataset

pytestmark = pytest.mark.slow


def test_film_changes_no_bit_and_goes_on_with_the_run(few: Dataset, few_file: Path, tmp_path: Path) -> None:
    config = small(dropout=0.3)
    plain, filmed = tmp_path / "plain", tmp_path / "filmed"
    train(config, data=few, out=plain, progress=False)
    train(config, data=few_file, out=filmed, progress=Interrupt(1.5), film=True)
    shown = read_json_object(filmed / FILE)
    assert shown["done"] == 1
    resume(filmed, progress=False, film=True)
    assert weights(filmed) == weights(plain)
    shown = read_json_object(filmed / FILE)
    done = [frame["done"] for frame in shown["frames"]]
    seconds = [frame["seconds"] for frame in shown["frames"]]
    assert done == sorted(set(done))
    assert seconds == sorted(seconds)
    assert (shown["done"], shown["epochs"], len(shown["history"])) == (3, 3, 3)
    confusion = np.array(shown["confusion"])
    assert confusion.sum() == len(shown["map"]["labels"]) == len(shown["map"]["places"]) == 333
    assert confusion.trace() / 333 == pytest.approx(shown["frames"][-1]["accuracy"])
    assert shown["weights"]["shape"] == [32, 28, 28]
    kept = np.load(filmed / KEPT)
    assert kept["done"][-1] == 3
    assert kept["done"].tolist() == sorted(set(kept["done"].tolist()))
    assert (kept["confusion"][-1] == confusion).all()
    assert base64.b64encode(kept["weights"][-1].tobytes()).decode() == shown["weights"]["values"]
    with Image.open(io.BytesIO(draw_film(kept))) as film:
        assert (film.format, film.n_frames, film.info["loop"]) == ("WEBP", len(kept["done"]), 1)


def test_seconds_become_epochs() -> None:
    config = small(batch_size=500)
    short, long = (fit_epochs(config, seconds).optimization.epochs for seconds in (0.001, 500.0))
    assert short == 1
    assert long > 20
    with pytest.raises(UsageError, match="--seconds is for runs that train one network"):
        fit_epochs(small(ensemble_size=2), 1.0)
