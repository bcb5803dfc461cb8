"""``digits find-lr``: which learning rate to start from, seen in one short training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digits.cli.recipes import choose_folder, parse_recipe
from digits.cli.terminal import remark, say, say_json
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    recipe: str = option("standard", "The recipe to test.", positional=True, metavar="RECIPE")
    lowest: float = option(1e-6, "The rate of the first step; with muon, its --muon-lr.", "(0, inf)")
    highest: float = option(10.0, "The rate of the last step.", "(0, inf)")
    steps: int = option(200, "Training steps from the lowest to the highest rate.", "[10, 100000]")
    data: str | None = option(None, "MNIST or any labelled set, as for `digits train`.", metavar="PATH")
    extra_data: str | None = option(None, "Personal data to add, as for `digits train`.", metavar="PATH")
    initial_model: str | None = option(None, "Fine-tune this model.", flags=("--from",), metavar="MODEL")
    trust_code: bool = option(False, "Run the code that a model file names as its network. Read it first.")
    out: Path | None = option(
        None, "Folder for the picture and the table; without it, studies/TIME-find-lr.", flags=("-o", "--out"),
        metavar="FOLDER",
    )  # fmt: skip
    open: bool = option(False, "Open the picture when done.")
    json: bool = option(False, "Print JSON instead of text.")


def find_lr(words: list[str]) -> None:
    """Suggest a learning rate, from a short training in which it rises.

    This is the range test of Smith (2017): the loss is drawn over the rate. It takes the flags of `digits train`, such
    as --optimizer or --network. Where a recipe has several rates, all rise in its proportion. Whether the suggestion is
    better than what the recipe has, `digits compare` says.
    """
    call, config = parse_recipe(find_lr, _Arguments, words, "find-lr")
    folder = choose_folder(call.out, "find-lr")
    from digits.experiments import describe_range_test, find_learning_rate, write_range_test
    from digits.experiments.range_test import to_json

    found = find_learning_rate(
        config, data=call.data, extra_data=call.extra_data, initial_model=call.initial_model,
        trust_code=call.trust_code, lowest=call.lowest, highest=call.highest, steps=call.steps, notify=remark,
    )  # fmt: skip
    picture = write_range_test(found, folder)
    for notice in found.notices:
        remark(f"digits: note: {notice}")
    if call.json:
        say_json(to_json(found))
    else:
        say(f"{describe_range_test(found)}\npicture    {picture}\ntable      {picture.with_suffix('.csv')}")
    if call.open:
        import webbrowser

        webbrowser.open(picture.resolve().as_uri())
