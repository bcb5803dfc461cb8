"""``digits train``: from a recipe and flags to a run folder with a report."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from digits.cli.terminal import parse, remark, say, say_json

if TYPE_CHECKING:
    from digits.training import Run

ADDED = {
    "synthetic": "digits of our own pen",
    "simulated_photos": "photographs of digits",
    "outliers": "things that are none",
    "personal": "digits of one's own, repetitions included",
}
"""What a run may learn from besides the set's own digits, by its name in ``results.json``."""

PARTS = {
    "validation": "validation",
    "personal_held_out": "own digits, held out",
    "personal_learned": "own digits, learned from",
    "accepted": "validation, accepted",
    "outliers": "no digits, sent away",
}
"""What is compared before and after, by its name in ``results.json``."""


def train(words: list[str]) -> None:
    """Train a network, judge it, and write its run folder with a report."""
    import tyro

    from digits.errors import UsageError
    from digits.training.config import TrainConfig
    from digits.training.recipes import DEFAULT_RECIPE, FINE_TUNING_RECIPE, RECIPES, get_recipe

    words = [part for word in words for part in (word.split("=", 1) if word.startswith("--recipe=") else [word])]
    if "--recipe" in words[:-1]:
        at = words.index("--recipe")
        words = [words[at + 1], *words[:at], *words[at + 2 :]]
    goes_on = any(word == "--from" or word.startswith("--from=") for word in words)
    name = words.pop(0) if words and not words[0].startswith("-") else FINE_TUNING_RECIPE if goes_on else DEFAULT_RECIPE
    chosen = get_recipe(name)

    @dataclass(frozen=True)
    class Train:
        # a text, since a path forgets the ./ that tells a folder from our own pen
        data: Annotated[str | None, tyro.conf.arg(metavar="PATH|synthetic")] = None
        """MNIST or any labelled set: a folder, IDX, NPZ or CSV file. Found or downloaded when not named; where that
        fails, and where it is synthetic, digits of our own pen (./synthetic is a folder)."""
        extra_data: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
        """Digits of one's own, learned besides: any labelled set, such as FOLDER/train/7/1.png, a picture a digit."""
        start: Annotated[str | None, tyro.conf.arg(name="from", metavar="RUN|FILE|cnn|mlp")] = None
        """Go on with a trained network instead of random weights: a run folder, a model file, or a shipped model. The
        recipe is then personal when none is named, and what the network is comes from there."""
        out: Path | None = None
        """Run folder to make; runs/<time>-<recipe> when not named."""
        resume: Path | None = None
        """Continue this run folder, to the very weights that an uninterrupted run gives."""
        json: bool = False
        """Print results.json instead of a table."""
        config: TrainConfig = chosen

    description = f"{train.__doc__} The recipe comes first; the defaults shown are those of {name}."
    call = parse(Train, f"train [{'|'.join(RECIPES)}]", words, description)
    if call.resume and (call.config != chosen or name != "standard" or call.out or call.extra_data or call.start):
        raise UsageError("--resume keeps the run's own configuration and folder: only --data and --json go with it")

    from digits.evaluation.metrics import table
    from digits.evaluation.report import write_report
    from digits.training import ProgressBar
    from digits.training import resume as resume_run
    from digits.training import train as train_run

    told = list[str]()

    def tell(sentence: str) -> None:
        told.append(sentence)
        (remark if call.json else say)(sentence)

    with closing(ProgressBar()) as bar:
        if call.resume:
            run = resume_run(call.resume, data=call.data, progress=bar, notify=tell)
        else:
            run = train_run(
                call.config,
                data=call.data,
                extra_data=call.extra_data,
                initial_model=call.start,
                out=call.out,
                progress=bar,
                notify=tell,
            )
    if not run.results:  # not the first process of torchrun
        return
    report = write_report(run.folder)
    for notice in run.results["notices"]:
        if notice not in told:
            remark(f"digits: note: {notice}")
    if call.json:
        say_json(run.results)
    else:
        say(f"{table(run.scores)}\n{_summary(run, report)}")
    for sentence in told:  # what is said first is far above by now
        (remark if call.json else say)(sentence)


def _own(results: dict[str, Any]) -> list[str]:
    """Tell how own digits are read, if any were learned."""
    if "personal" not in results:
        return []
    held = "own digits, held out", results["personal"].get("held_out")
    learned = "own digits, learned from", results["personal"]["learned"]
    return ["", *(f"{name}: {part['accuracy']:.2%} of {part['n']:,}" for name, part in (held, learned) if part)]


def _before_and_after(results: dict[str, Any]) -> list[str]:
    """Tell what a network gained and forgot when it went on learning."""
    before = results["before"]
    name = results["data"]["name"]
    called = {part: f"{name} {what}" if what.startswith("validation") else what for part, what in PARTS.items()}
    rows = [(called[part], before[part]) for part in PARTS if part in before]
    width = max(len(name) for name, _ in rows)
    lines = [
        f"{name:{width}}  {part['before']:7.2%} → {part['after']:7.2%}  "
        f"({part['n']:,}; {part['newly_wrong']:,} newly wrong, {part['newly_right']:,} newly right)"
        for name, part in rows
    ]
    return ["", f"before → after, starting from {before['model']}", *lines, before["sentence"]]


def _summary(run: "Run", report: Path) -> str:
    """Tell what it learned beyond the set, what that gained and cost, how long it took, and where everything is."""
    seconds, counts = run.results["seconds"], run.results["data"]
    added = [f"{counts[name]:,} {what}" for name, what in ADDED.items() if counts.get(name)]
    lines = [f"learned besides: {' and '.join(added)}"] if added else []
    lines += _before_and_after(run.results) if "before" in run.results else _own(run.results)
    epochs = f"{len(run.history)} epoch{'s' * (len(run.history) != 1)}"
    lines += ["", f"trained {epochs} in {seconds['training']:.1f} s, {seconds['total']:.1f} s in all"]
    model = run.folder / "model.onnx"
    file = model if model.exists() else model.with_suffix(".safetensors")
    lines += [f"report  {report}", f"model   {file}", f"again   {run.results['command']}"]
    return "\n".join(lines)
