"""``digits data convert``: labelled digits of any format → another."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say, say_json
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    place: Path = option(MISSING, "Labelled digits: a folder or a file of any format.", positional=True, metavar="IN")
    out: Path = option(
        MISSING,
        "What to write. Its ending says the format: .npz, .mat, .csv, .tsv, .arff, .parquet, .zip; tables of text may "
        "be gzipped, such as .csv.gz. A name without an ending is a folder.",
        positional=True, metavar="OUT",
    )  # fmt: skip
    kind: str = option(
        "idx",
        "What a folder or .zip holds: IDX as MNIST has it, NPY, or one folder of PNGs per class.",
        choices=("idx", "npy", "png"), flags=("--as",), metavar="KIND",
    )  # fmt: skip
    labels_from_names: bool = option(False, "IN holds pictures whose names begin or end with the label: 7_001.png.")
    from_pictures: bool = option(
        False, "Find, scale and centre the digit in each picture, at its full size, as `digits read` does."
    )
    transpose: bool = option(False, "Swap rows and columns of all images, as EMNIST needs.")
    json: bool = option(False, "Print JSON instead of a line.")


def convert_data(words: list[str]) -> None:
    """Convert labelled digits of any format to another.

    Every part keeps its digits and their order. A table holds one part: of a set with several, each gets a file named
    after it, such as digits-train.csv and digits-test.csv.
    """
    call = parse(convert_data, _Arguments, words, "data convert")
    from digits.data import DIGIT_NAMES, load_parts
    from digits.data.formats.writing import write_digits
    from digits.doctor import DigitFinder, Mending, mend_images, settle
    from digits.types import LabelledDigits

    finder = DigitFinder() if call.from_pictures else None
    raw = load_parts(call.place, labels_from_names=call.labels_from_names, decode=finder)
    mending = settle(Mending(transpose=call.transpose, from_pictures=call.from_pictures), finder)
    parts = {"train": raw.train, "validation": raw.validation, "test": raw.test}
    folds = {name: digits for name, digits in parts.items() if digits}
    if mending != Mending():
        folds = {name: LabelledDigits(mend_images(each.images, mending), each.labels) for name, each in folds.items()}
    files = write_digits(folds, call.out, call.kind, raw.classes)
    if raw.classes != DIGIT_NAMES:
        names = ", ".join(f"{number} {name}" for number, name in enumerate(raw.classes))
        remark(f"digits: the classes are numbered, except as the names of folders: {names}")
    counts = {name: len(digits) for name, digits in folds.items()}
    if call.json:
        say_json({"files": [str(file) for file in files], **counts})
    else:
        said = ", ".join(f"{n:,} {name}" for name, n in counts.items())
        say("\n".join([f"{said} digits of {raw.location}", *map(str, files)]))
