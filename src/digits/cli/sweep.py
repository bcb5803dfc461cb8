"""``digits sweep``: the values of settings with which a recipe reads best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digits.cli.recipes import choose_folder, parse_recipe
from digits.cli.terminal import remark, say, say_json
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    recipe: str = option("standard", "The recipe.", positional=True, metavar="RECIPE")
    search: tuple[str, ...] = option(
        (), "What to search: a range such as muon_lr=log:0.005:0.1 or epochs=1:5, or values such as "
        "optimizer=adamw,muon or hidden_sizes=256-128,512.", metavar="SETTING=VALUES …",
    )  # fmt: skip
    trials: int = option(30, "Trials, of all processes and sessions together.", "[1, 1000000]")
    processes: int = option(1, "Processes to work here, each with its share of the processor's cores.", "[1, 1024]")
    storage: str | None = option(
        None, "Keep the trials in this database instead of a file in the folder, so that several computers can work on "
        "them: postgresql://USER@HOST/DATABASE or redis://HOST:PORT/NUMBER.", metavar="URL",
    )  # fmt: skip
    whole: bool = option(False, "Train every trial to its end, instead of giving up those that fall behind.")
    data: str | None = option(None, "MNIST or any labelled set, as for `digits train`.", metavar="PATH")
    trust_code: bool = option(False, "Run the code that a teacher names as its network. Read it first.")
    out: Path | None = option(
        None, "Folder for the trials, the table and the pictures; without it, studies/TIME-sweep. Named again, it "
        "continues where it was interrupted, and from a second terminal, it is worked on by both.",
        flags=("-o", "--out"), metavar="FOLDER",
    )  # fmt: skip
    open: bool = option(False, "Open the picture of the trials when done.")
    json: bool = option(False, "Print JSON instead of a table.")


def sweep(words: list[str]) -> None:
    """Search the values of settings with which a recipe reads most digits.

    It takes the flags of `digits train`, such as --epochs, for all trials. Validation digits decide; the test digits
    stay sealed. At the end it prints the command that trains with the best values.
    """
    call, config = parse_recipe(sweep, _Arguments, words, "sweep")
    folder = choose_folder(call.out, "sweep")
    from digits.experiments import describe_sweep, write_sweep
    from digits.experiments import sweep as search
    from digits.experiments.sweep_results import to_json

    found = search(
        config, call.search, folder, trials=call.trials, processes=call.processes, storage=call.storage,
        data=call.data, trust_code=call.trust_code, prune=not call.whole, notify=remark,
    )  # fmt: skip
    pictures = write_sweep(found, folder)
    for notice in found.notices:
        remark(f"digits: note: {notice}")
    if call.json:
        say_json(to_json(found))
    else:
        shown = f"\npictures {', '.join(map(str, pictures))}" if pictures else ""
        say(f"{describe_sweep(found)}\n{shown}\ntable    {folder / 'trials.csv'}")
    if call.open and pictures:
        import webbrowser

        webbrowser.open(pictures[0].resolve().as_uri())
