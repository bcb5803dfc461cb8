"""The report is complete, self-contained, true to the files of the run, and safe whatever they hold."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from benchmarks.mutants import mutate_json

from digits.errors import DigitsError, ModelError, ModelNotFoundError
from digits.evaluation.report import CAPTIONS, write_report

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """Collects what a browser would load, and checks that every element is closed."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alternatives: list[str] = []
        self.open: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.sources += [str(found[name]) for name in ("src", "href", "srcset", "data", "action") if name in found]
        self.alternatives += [str(found.get("alt") or "")] if tag == "img" else []
        self.scripts += tag == "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module", autouse=True)
def few_pixels() -> Iterator[None]:
    """Save the figures at a low resolution, which takes a third less time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("digits.evaluation.figures.style.DPI", 10)
        yield


@pytest.fixture(scope="module")
def written(few_pixels: None, run_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its report, for tests that do not change it."""
    folder = tmp_path_factory.mktemp("run")
    for name, content in run_files.items():
        (folder / name).write_bytes(content)
    write_report(folder)
    return folder


def changed(run: Path, **values: object) -> Path:
    file = run / "results.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    return run


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.read_text())))


def test_page_is_self_contained(written: Path) -> None:
    text = (written / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert page.scripts == 0
    assert page.sources
    assert [source[:40] for source in page.sources if not source.startswith("data:image/png;base64,")] == []
    assert re.findall(r"https?://|url\(|@import", text) == []


def test_page_has_every_figure_with_alternative_text(written: Path) -> None:
    page = Page((written / "report.html").read_text())
    drawn = [base64.b64encode((written / "figures" / f"{name}.png").read_bytes()).decode() for name in CAPTIONS]
    assert [source.partition(",")[2] for source in page.sources] == drawn
    assert all(page.alternatives)


def test_numbers_are_those_of_the_run(written: Path) -> None:
    test = json.loads((written / "results.json").read_text())["test"]
    text = text_of(written / "report.html")
    wrong = test["n"] - sum(row[k] for k, row in enumerate(test["confusion"]))
    for number in (
        f"{100 * test['accuracy']:.2f} %",
        f"{wrong:,} errors",
        f"{100 * test['interval95'][0]:.2f} % and {100 * test['interval95'][1]:.2f} %",
        f"{test['nll']:.4f}",
        "7,850 weights",
        "2 epochs over 55,000 digits of MNIST in 1.2 seconds",
        "digits train standard --epochs 2",
    ):
        assert number in text, number


def test_notices_come_first(run: Path) -> None:
    text = text_of(write_report(changed(run, notices=["Training was interrupted."])))
    assert text.index("Training was interrupted.") < text.index("784-10, recipe")


def test_report_of_an_ensemble_describes_its_members(run: Path) -> None:
    members = [{"validation": 0.9, "test": test, "seed": 0} for test in (0.95, 0.97, 0.96)]
    text = text_of(write_report(changed(run, members=members)))
    assert "3 networks, whose own test accuracy is between 95.00 % and 97.00 %" in text


def test_report_of_a_distilled_network_describes_its_teacher(run: Path) -> None:
    teacher = {"recipe": "cnn", "seed": 0, "network": "cnn 16-32-64", "validation": 0.9951, "seconds": 61.26}
    text = text_of(write_report(changed(run, teacher=teacher)))
    assert "predictions of cnn 16-32-64, recipe cnn, which has a validation accuracy of 99.51 %" in text
    assert "took 61.3 seconds to train" in text


def test_report_counts_added_digits(run: Path) -> None:
    results = json.loads((run / "results.json").read_text())
    counts = results["data"] | {"train": 65_000, "synthetic": 6_000, "simulated_photos": 4_000}
    text = text_of(write_report(changed(run, data=counts)))
    added = "over 55,000 digits of MNIST, 6,000 synthetic digits, 4,000 simulated photographs in"
    assert added in text
    assert "here including synthetic digits and simulated photographs; the validation" in text
    members = [{"validation": 0.9, "test": 0.9, "seed": seed} for seed in (0, 1)]
    text = text_of(write_report(changed(run, data=counts | {"train": 55_000}, members=members)))
    assert added in text
    assert "here including" not in text


BEFORE = {
    "model": "cnn", "recipe": "reader", "seed": 0, "network": "5 × cnn 16-32-64",
    "validation": {"n": 5000, "before": 0.9956, "after": 0.995, "newly_right": 3, "newly_wrong": 6},
    "personal_held_out": {"n": 20, "before": 0.75, "after": 0.95, "newly_right": 4, "newly_wrong": 0},
    "sentence": "Gained: 19 instead of 15.",
}  # fmt: skip
PERSONAL = {"learned": {"accuracy": 0.9875, "n": 80}, "held_out": {"accuracy": 0.85, "n": 20}}


def test_report_compares_before_and_after_fine_tuning(run: Path) -> None:
    data = json.loads((run / "results.json").read_text())["data"] | {"train": 12_500, "personal": 2_500}
    text = text_of(write_report(changed(run, before=BEFORE, personal=PERSONAL, data=data)))
    assert "Fine-tuned from cnn (5 × cnn 16-32-64, recipe reader). Gained: 19 instead of 15." in text
    assert " validation 5,000 99.56 % 99.50 % 6 3 personal digits, held out 20 75.00 % 95.00 % 0 4 " in text
    assert "non-digits" not in text
    assert "over 10,000 digits of MNIST, 2,500 personal digits (repetitions included) in 1.2 seconds" in text
    assert "Personal digits" not in text


def test_report_shows_accuracy_on_personal_digits(run: Path) -> None:
    text = text_of(write_report(changed(run, personal=PERSONAL)))
    learned = "Of the 80 learned from, 98.75 % are read correctly."
    assert f"Of the 20 held out, 85.00 % are read correctly. {learned}" in text
    text = text_of(write_report(changed(run, personal={"learned": PERSONAL["learned"]})))
    assert learned in text
    assert "held out, 85" not in text


def test_content_of_the_files_is_escaped(run: Path) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror='y'>"
    changed(run, command=hostile, notices=[hostile], network=hostile)
    (run / "config.json").write_text(json.dumps({"network": hostile}))
    text = write_report(run).read_text()
    assert Page(text).scripts == 0
    assert text.count(html.escape(hostile, quote=True).replace("&#x27;", "&#39;")) == 4


def test_same_run_gives_the_same_bytes(run: Path, written: Path) -> None:
    assert write_report(run).read_bytes() == (written / "report.html").read_bytes()


def test_stale_figures_are_removed(run: Path) -> None:
    write_report(run)
    with np.load(run / "examples.npz") as file:
        kept = {name: file[name] for name in file.files if name not in ("originals", "augmented", "first_layer")}
    np.savez(run / "examples.npz", **kept)
    text = write_report(run).read_text()
    assert {path.stem for path in (run / "figures").iterdir()} == set(CAPTIONS) - {"augmented", "first_layer"}
    assert "Augmentation" not in text


def test_run_stopped_in_its_first_epoch_has_a_report(run: Path) -> None:
    lines = (run / "metrics.csv").read_text().splitlines()
    (run / "metrics.csv").write_text(lines[0] + "\n")
    assert "Training and validation loss" not in write_report(run).read_text()


@pytest.mark.parametrize("name", ["results.json", "config.json", "environment.json", "metrics.csv", "examples.npz"])
def test_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.raises(ModelNotFoundError, match=f"it has no {name}; `digits train --resume"):
        write_report(run)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.json", b"{"),
        ("results.json", b"{}"),
        ("metrics.csv", b"epoch,train_loss\n1,x\n"),
        ("metrics.csv", b"epoch\n1\n"),
        ("examples.npz", b"PK\x03\x04"),
        ("examples.npz", b""),
    ],
)
def test_broken_file_is_an_error(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    with pytest.raises(ModelError, match="broken"):
        write_report(run)


DEEP = b"[" * 100_000
JSON = [b"[]", b"3", b"null", b"{}", DEEP, b'{"recipe": ' + DEEP, b'{"test": []}', b"\xff" * 9, b" " * 2**25]
TABLES = [b"epoch\n1,2,3\n", b"epoch\n" + b"1" * 200_000, b"epoch,seconds\nx,y\n", b"epoch\n1\n", b"\xff"]


@pytest.mark.parametrize(
    ("name", "content"), [("results.json", each) for each in JSON] + [("metrics.csv", each) for each in TABLES]
)
def test_any_other_content_is_an_error(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    with pytest.raises(ModelError, match="broken"):
        write_report(run)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_results_are_a_report_or_an_error(run: Path, seed: int) -> None:
    file = run / "results.json"
    file.write_bytes(mutate_json(file.read_bytes(), random.Random(seed)))
    with contextlib.suppress(DigitsError):
        write_report(run)


def test_more_pictures_than_training_writes_are_not_drawn(run: Path) -> None:
    arrays = dict(np.load(run / "examples.npz"))
    many = {"samples": np.zeros((50_000, 28, 28), np.uint8), "samples_labels": np.zeros(50_000, np.uint8)}
    np.savez_compressed(run / "examples.npz", **arrays | many)
    with pytest.raises(ModelError, match="broken: samples has 50,000 entries"):
        write_report(run)


def test_objects_in_an_npz_are_never_unpickled(run: Path) -> None:
    np.savez(run / "examples.npz", samples=np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="broken"):
        write_report(run)
