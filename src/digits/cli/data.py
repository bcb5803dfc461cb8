"""``digits data``: where the digits are; and synthetic handwriting, where there are none or more are needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.data_check import check_data
from digits.cli.data_convert import convert_data
from digits.cli.terminal import remark, say, say_json
from digits.options import option

CONTACT_SHEET = "contact-sheet.png"
"""Shows some of the digits that were written, in the same folder."""

SLOW_COUNT = 10_000
"""Number of digits from which on writing them takes seconds, and is announced."""


@dataclass(frozen=True)
class _Arguments:
    data: Path | None = option(None, "Folder or file to show instead of the usual places.")
    synthetic: int | None = option(None, "Write this many synthetic digits, 2 or more, and show them.", "[2, inf)")
    out: Path | None = option(None, "Folder for the synthetic digits; made if missing.", flags=("-o", "--out"))
    seed: int = option(0, "Seed of the synthetic digits; every seed has other writers.", "[0, inf)")
    json: bool = option(False, "Print JSON instead of a table.")


def data(words: list[str]) -> None:
    """Find, check or download digits; or write synthetic ones.

    Shows where the digits are. MNIST is verified by SHA-256, and downloaded if it is missing. `digits data check` looks
    for what is wrong with labelled digits, `digits data convert` writes them in another format; see their --help.
    """
    if words[:1] == ["check"]:
        check_data(words[1:])
        return
    if words[:1] == ["convert"]:
        convert_data(words[1:])
        return
    call = parse(data, _Arguments, words)
    _check(call)
    files = [] if call.synthetic is None or call.out is None else _write(call.synthetic, call.out, call.seed)
    from digits.data import describe, load_dataset, summarize

    dataset = load_dataset(call.data if call.synthetic is None else call.out)
    if call.json:
        say_json(summarize(dataset) | ({"files": [str(file) for file in files]} if files else {}))
    else:
        say("\n".join([describe(dataset), *([""] if files else []), *map(str, files)]))


def _check(call: _Arguments) -> None:
    from digits.data.formats.idx_sets import find_idx_sets
    from digits.errors import UsageError

    if call.synthetic is None:
        if flag := "--out" if call.out else "--seed" if call.seed else "":
            raise UsageError(f"{flag} needs --synthetic: digits data --synthetic 60000 --out DIR")
        return
    if call.data is not None:
        raise UsageError("--synthetic and --data cannot be combined")
    if call.out is None:
        raise UsageError(
            f"--synthetic needs --out, the folder to write to: digits data --synthetic {call.synthetic} --out DIR"
        )
    if call.out.is_file():
        raise UsageError(f"{call.out} is a file: name a folder with --out")
    existing = [str(file) for found in find_idx_sets(call.out) for files in found.files.values() for file in files]
    existing += [str(call.out / CONTACT_SHEET)] if (call.out / CONTACT_SHEET).exists() else []
    if existing:
        raise UsageError(f"{call.out} holds digits already, such as {existing[0]}: name another --out")


def _write(n: int, out: Path, seed: int) -> list[Path]:
    """Write a set that any program reads which reads MNIST, and a picture of some of its digits."""
    from digits.data import MNIST_FILES, write_idx
    from digits.evaluation.figures import sample_digits, save
    from digits.synthesis import synthesize

    if n >= SLOW_COUNT:
        remark(f"digits: writing {n:,} digits …")
    digits = synthesize(n, seed)
    # drawn before there is a folder: where matplotlib is missing, nothing is left behind
    sheet = sample_digits(
        digits.images, digits.labels, "0123456789", title=f"Samples of {n:,} synthetic digits, seed {seed}"
    )
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{role}.gz" for role in MNIST_FILES[:2]]
    for file, array in zip(files, (digits.images, digits.labels), strict=True):
        write_idx(file, array)
    save(sheet, out / CONTACT_SHEET)
    return [*files, out / CONTACT_SHEET]
