"""``digits ablate``: what each part of a recipe is good for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digits.cli.recipes import choose_folder, parse_recipe, refuse_seed
from digits.cli.terminal import remark, say, say_json
from digits.errors import UsageError
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    recipe: str = option("standard", "The recipe.", positional=True, metavar="RECIPE")
    drop: tuple[str, ...] = option(
        (), "Parts to leave out, one at a time: settings, patterns such as 'augmentation.*', or a section as a whole.",
        metavar="PART …",
    )  # fmt: skip
    seeds: int = option(3, "Seeds to train of the recipe and of each part left out: 0, 1, …", "[2, 1000]")
    data: str | None = option(None, "MNIST or any labelled set, as for `digits train`.", metavar="PATH")
    trust_code: bool = option(False, "Run the code that a teacher names as its network. Read it first.")
    out: Path | None = option(
        None, "Folder for the picture, the page, the tables and the trained runs; without it, studies/TIME-ablate. "
        "Named again, it continues where it was interrupted.", flags=("-o", "--out"), metavar="FOLDER",
    )  # fmt: skip
    open: bool = option(False, "Open the page in the browser when done.")
    json: bool = option(False, "Print JSON instead of a table.")


def ablate(words: list[str]) -> None:
    """Say which parts of a recipe help, by training without each.

    It takes the flags of `digits train`, such as --epochs. Each part is compared with the whole by validation digits,
    as `digits compare` does.
    """
    call, config = parse_recipe(ablate, _Arguments, words, "ablate")
    if not call.drop:
        raise UsageError(f"name the parts to leave out, as in digits ablate {call.recipe} --drop 'augmentation.*'")
    refuse_seed(config)
    folder = choose_folder(call.out, "ablate")
    from digits.experiments import ablate as ablate_recipe
    from digits.experiments import describe_ablation, write_ablation, write_comparison
    from digits.experiments.ablation import to_json

    found = ablate_recipe(
        config, call.drop, folder / "runs", seeds=call.seeds, data=call.data, trust_code=call.trust_code,
        progress=True, notify=remark,
    )  # fmt: skip
    picture, page = write_ablation(found, folder), write_comparison(found.comparison, folder)
    for notice in found.comparison.notices:
        remark(f"digits: note: {notice}")
    if call.json:
        say_json(to_json(found))
    else:
        tables = f"{folder / 'runs.csv'}, {folder / 'pairs.csv'}"
        say(f"{describe_ablation(found)}\n\npicture {picture}\npage    {page}\ntables  {tables}")
    if call.open:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
