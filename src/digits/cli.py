"""The command line: what users type becomes calls, what went wrong becomes a sentence and an exit code.

Nothing is imported before it is needed: ``digits --help`` answers at once, and only training loads torch.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from digits.spec import LabelledDigits, Logits

Call = TypeVar("Call")


@dataclass(frozen=True)
class Evaluate:
    """Score a model on the MNIST test set, or on any labelled digits."""

    model: Path
    """An .onnx file, for which no torch is needed, or a run folder."""
    data: Path | None = None
    """Labelled digits: a folder, IDX, NPZ or CSV file. The MNIST test set when not named."""
    json: bool = False
    """Print JSON instead of tables."""


@dataclass(frozen=True)
class Data:
    """Show where the digits are, verified by SHA-256; download MNIST if it is nowhere."""

    data: Path | None = None
    """A folder or file to look at instead of the usual places."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Export:
    """Give a run's trained network as one file."""

    run: Path
    """The run folder."""
    to: Literal["onnx", "safetensors"] = "onnx"
    """onnx runs anywhere, without torch; safetensors are the weights for torch."""
    out: Path | None = None
    """The file to write; <run's name>.<format> when not named."""


@dataclass(frozen=True)
class Report:
    """Draw the figures and write the report of a run folder again."""

    run: Path
    """The run folder."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process: 0 when done, 1 when it could not be done, 2 for a wrong call."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words in ([], ["-h"], ["--help"]):
            _say(_overview())
        elif words == ["--version"]:
            from digits import __version__

            _say(__version__)
        else:
            _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has seen enough; flushing again at exit would complain
        sys.stdout = None
        sys.exit(1)
    if not words:
        sys.exit(2)


def _run(words: list[str]) -> None:
    import logging

    from digits.spec import DigitsError

    # what the rooms have to tell, such as a download that begins
    logging.basicConfig(format="digits: %(message)s")
    logging.getLogger("digits").setLevel(logging.INFO)
    try:
        _command(words[0])(words[1:])
    except DigitsError as error:
        _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("digits"):
            raise
        _fail(f"this needs {error.name}, which is not installed: pip install 'digits[train]'", 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 1)
    except KeyboardInterrupt:
        _fail("stopped", 130)


def train(words: list[str]) -> None:
    """Train a network, judge it, and write its run folder with a report."""
    from digits.spec import UsageError
    from digits.training.config import TrainConfig
    from digits.training.recipes import RECIPES, recipe

    words = [part for word in words for part in (word.split("=", 1) if word.startswith("--recipe=") else [word])]
    if "--recipe" in words[:-1]:
        at = words.index("--recipe")
        words = [words[at + 1], *words[:at], *words[at + 2 :]]
    name = words.pop(0) if words and not words[0].startswith("-") else "standard"
    chosen = recipe(name)

    @dataclass(frozen=True)
    class Train:
        data: Path | None = None
        """MNIST or any labelled set: a folder, IDX, NPZ or CSV file. Found or downloaded when not named."""
        out: Path | None = None
        """Run folder to make; runs/<time>-<recipe> when not named."""
        resume: Path | None = None
        """Continue this run folder, to the very weights that an uninterrupted run gives."""
        json: bool = False
        """Print results.json instead of a table."""
        config: TrainConfig = chosen

    description = f"{train.__doc__} The recipe comes first; the defaults shown are those of {name}."
    call = _parse(Train, f"train [{'|'.join(RECIPES)}]", words, description)
    if call.resume and (call.config != chosen or name != "standard" or call.out):
        raise UsageError("--resume keeps the run's own configuration and folder: only --data and --json go with it")

    from digits.evaluation.metrics import table
    from digits.evaluation.report import write_report
    from digits.training.progress import ProgressBar
    from digits.training.run import resume as resume_run
    from digits.training.run import train as train_run

    with closing(ProgressBar()) as bar:
        if call.resume:
            run = resume_run(call.resume, data=call.data, progress=bar)
        else:
            run = train_run(call.config, data=call.data, out=call.out, progress=bar)
    if not run.results:  # not the first process of torchrun
        return
    report = write_report(run.folder)
    for notice in run.results["notices"]:
        print(f"digits: note: {notice}", file=sys.stderr)  # noqa: T201
    if call.json:
        _say_json(run.results)
        return
    seconds = run.results["seconds"]
    _say(table(run.scores))
    _say(f"\ntrained {len(run.history)} epochs in {seconds['training']:.1f} s, {seconds['total']:.1f} s in all")
    model = run.folder / "model.onnx"
    file = model if model.exists() else model.with_suffix(".safetensors")
    _say(f"report  {report}\nmodel   {file}\nagain   {run.results['command']}")


def evaluate(words: list[str]) -> None:
    """Score a model on the MNIST test set, or on any labelled digits."""
    call = _parse(Evaluate, "evaluate", words)
    from digits.data import load_dataset, load_labelled
    from digits.evaluation.metrics import describe, score

    answer, description = _reader(call.model)
    dataset = load_dataset(call.data)
    # a foreign set without a test part is scored whole; the set it was trained on, by what was held out then
    foreign = dataset.held_out and dataset.sha256 != description.get("data", {}).get("sha256")
    judged_by = load_labelled(dataset.location) if foreign else dataset.test
    judged = score(answer(judged_by), judged_by.labels, float(description["temperature"]))
    if call.json:
        _say_json(judged.as_json())
    else:
        part = "all digits" if foreign else "the test digits"
        _say(f"{call.model} on {part} of {dataset.name}\n\n{describe(judged, dataset.classes)}")


def data(words: list[str]) -> None:
    """Show where the digits are, verified; download MNIST if it is nowhere."""
    call = _parse(Data, "data", words)
    from digits.data import describe, load_dataset, summary

    dataset = load_dataset(call.data)
    if call.json:
        _say_json(summary(dataset))
    else:
        _say(describe(dataset))


def export(words: list[str]) -> None:
    """Give a run's trained network as one file."""
    call = _parse(Export, "export", words)
    import shutil

    from digits.inference import load_model
    from digits.spec import ModelError

    file = call.run / f"model.{call.to}"
    if call.to == "onnx":
        load_model(file)
    elif not file.is_file():
        raise ModelError(f"there is no {file}; `digits train --resume {call.run}` finishes a run that was cut off")
    _say(str(shutil.copyfile(file, call.out or Path(f"{call.run.resolve().name}.{call.to}"))))


def report(words: list[str]) -> None:
    """Draw the figures and write the report of a run folder again."""
    call = _parse(Report, "report", words)
    from digits.evaluation.report import write_report

    _say(str(write_report(call.run)))


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "train": train,
    "evaluate": evaluate,
    "data": data,
    "export": export,
    "report": report,
}


def _reader(model: Path) -> "tuple[Callable[[LabelledDigits], Logits], dict[str, Any]]":
    """Give what turns digits into logits, and what it says of itself: a model file, or the weights of a run without."""
    from digits.spec import ModelError

    if model.is_dir() and not (model / "model.onnx").exists() and (model / "model.safetensors").exists():
        from digits.training.export import load_network
        from digits.training.loop import logits_of

        network, results = load_network(model)
        return lambda digits: logits_of(network, digits), results
    from digits.inference import load_model

    if model.suffix == ".safetensors":
        raise ModelError(f"{model} holds weights alone: name its run folder, or the .onnx beside it")
    file = load_model(model)
    return lambda digits: file.logits(digits.images), file.metadata


def _command(name: str) -> Callable[[list[str]], None]:
    if name not in COMMANDS:
        import difflib

        from digits.spec import UsageError

        close = difflib.get_close_matches(name, COMMANDS, n=1)
        meant = f"did you mean {close[0]}?" if close else f"there are: {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {name!r}; {meant}")
    return COMMANDS[name]


def _parse(kind: type[Call], usage: str, words: list[str], description: str | None = None) -> Call:
    """Read a command's arguments; tyro answers --help and wrong calls itself, the latter with exit code 2."""
    import tyro

    markers = (
        tyro.conf.PositionalRequiredArgs,
        tyro.conf.OmitArgPrefixes,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.DisallowNone,
    )
    return tyro.cli(kind, prog=f"digits {usage}", args=words, description=description, config=markers)


def _overview() -> str:
    lines = [f"  {name:9} {str(command.__doc__).splitlines()[0]}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: digits COMMAND [arguments]",
            "",
            "Train the classic 784-256-128-10 network on MNIST in seconds, and see what happened.",
            "",
            *lines,
            "",
            "digits COMMAND --help tells more of each; digits --version, which version this is.",
        ]
    )


def _say(text: str) -> None:
    print(text)  # noqa: T201


def _say_json(values: dict[str, Any]) -> None:
    import json

    _say(json.dumps(values, indent=2))


def _fail(message: str, exit_code: int) -> None:
    if os.environ.get("RANK", "0") == "0":  # of torchrun's processes, one is enough to say it
        print(f"digits: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(exit_code)
