"""``digits data``: where the digits are; and digits of our own pen, where none are or more are wanted."""

from dataclasses import dataclass
from pathlib import Path

from digits.cli.terminal import parse, remark, say, say_json

SHEET = "contact-sheet.png"
"""Shows some of the digits that were written, beside them."""

SLOW = 10_000
"""Digits from which on writing them takes seconds, which people are told."""


@dataclass(frozen=True)
class Data:
    """Show where the digits are, verified by SHA-256; download MNIST if it is nowhere; or write some of our own."""

    data: Path | None = None
    """A folder or file to look at instead of the usual places."""
    synthetic: int | None = None
    """Write so many digits with our own pen, 2 or more, and show them."""
    out: Path | None = None
    """The folder to write them into; made if need be."""
    seed: int = 0
    """Who writes them: every seed has other writers."""
    json: bool = False
    """Print JSON instead of a table."""


def data(words: list[str]) -> None:
    """Show where the digits are, verified; download MNIST if it is nowhere; or write some of our own."""
    call = parse(Data, "data", words)
    _check(call)
    files = [] if call.synthetic is None or call.out is None else _write(call.synthetic, call.out, call.seed)
    from digits.data import describe, load_dataset, summarize

    dataset = load_dataset(call.data if call.synthetic is None else call.out)
    if call.json:
        say_json(summarize(dataset) | ({"files": [str(file) for file in files]} if files else {}))
    else:
        say("\n".join([describe(dataset), *([""] if files else []), *map(str, files)]))


def _check(call: Data) -> None:
    from digits.data.formats.idx_sets import find_idx_sets
    from digits.errors import UsageError

    if call.synthetic is None:
        if call.out is not None or call.seed:
            raise UsageError(
                f"{'--out' if call.out else '--seed'} goes with --synthetic: digits data --synthetic 60000 --out DIR"
            )
        return
    if call.data is not None:
        raise UsageError("--synthetic writes digits, --data names those to look at: only one of them can be meant")
    if call.out is None:
        raise UsageError(
            f"--synthetic needs --out, the folder to write to: digits data --synthetic {call.synthetic} --out DIR"
        )
    if call.synthetic < 2:
        raise UsageError(
            f"--synthetic is {call.synthetic}: it must be 2 or more, since a set holds out a seventh for the test"
        )
    if call.seed < 0:
        raise UsageError(f"--seed is {call.seed}: it must be 0 or more")
    if call.out.exists() and not call.out.is_dir():
        raise UsageError(f"{call.out} is a file: name another --out, a folder")
    held = [str(file) for found in find_idx_sets(call.out) for files in found.files.values() for file in files]
    held += [str(call.out / SHEET)] if (call.out / SHEET).exists() else []
    if held:
        raise UsageError(f"{call.out} holds digits already, such as {held[0]}: name another --out")


def _write(n: int, out: Path, seed: int) -> list[Path]:
    """Write a set that any program reads which reads MNIST, and a picture of some of its digits."""
    from digits.data import MNIST_FILES, write_idx
    from digits.evaluation.figures import sample_digits, save
    from digits.synthesis import synthesize

    if n >= SLOW:
        remark(f"digits: writing {n:,} digits …")
    digits = synthesize(n, seed)
    images, labels = digits.images, digits.labels
    # drawn before there is a folder: where matplotlib is missing, nothing is left behind
    sheet = sample_digits(
        images, labels, "0123456789", title=f"{n:,} digits of our own pen, seed {seed}: some of each class"
    )
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{role}.gz" for role in MNIST_FILES[:2]]
    for file, array in zip(files, (images, labels), strict=True):
        write_idx(file, array)
    save(sheet, out / SHEET)
    return [*files, out / SHEET]
