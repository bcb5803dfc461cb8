"""``digits curve``: what more training digits are worth."""

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
    fractions: tuple[float, ...] = option(
        (0.01, 0.03, 0.1, 0.3, 1.0), "Shares of the training digits to learn from.", "(0, 1]", metavar="SHARE …"
    )
    seeds: int = option(3, "Seeds to train with each share: 0, 1, …", "[2, 1000]")
    data: str | None = option(None, "MNIST or any labelled set, as for `digits train`.", metavar="PATH")
    trust_code: bool = option(False, "Run the code that a teacher names as its network. Read it first.")
    out: Path | None = option(
        None, "Folder for the picture, the table and the trained runs; without it, studies/TIME-curve. Named again, it "
        "continues where it was interrupted.", flags=("-o", "--out"), metavar="FOLDER",
    )  # fmt: skip
    open: bool = option(False, "Open the picture when done.")
    json: bool = option(False, "Print JSON instead of a table.")


def curve(words: list[str]) -> None:
    """Draw the accuracy over the number of training digits.

    It takes the flags of `digits train`, such as --epochs. Smaller sets are passed more often, so that every network
    takes as many training steps. Accuracies are those on the validation digits.
    """
    call, config = parse_recipe(curve, _Arguments, words, "curve")
    refuse_seed(config)
    if config.data.fraction < 1:
        raise UsageError("--fraction cannot be combined with --fractions, which says which shares are learned")
    folder = choose_folder(call.out, "curve")
    from digits.experiments import describe_learning_curve, measure_learning_curve, write_learning_curve
    from digits.experiments.learning_curve import to_json

    found = measure_learning_curve(
        config, call.fractions, folder / "runs", seeds=call.seeds, data=call.data, trust_code=call.trust_code,
        progress=True, notify=remark,
    )  # fmt: skip
    picture = write_learning_curve(found, folder)
    if call.json:
        say_json(to_json(found))
    else:
        say(f"{describe_learning_curve(found)}\n\npicture {picture}\ntable   {picture.with_suffix('.csv')}")
    if call.open:
        import webbrowser

        webbrowser.open(picture.resolve().as_uri())
