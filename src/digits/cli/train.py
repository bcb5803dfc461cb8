"""``digits train``: from a recipe and flags to a run folder with a report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.arguments import HELP, Groups, parse_words, show_help
from digits.cli.live import View
from digits.cli.terminal import STARTED, remark, say, say_json
from digits.cli.train_finder import train_finder
from digits.options import option

if TYPE_CHECKING:
    from digits.experiments.trackers import Tracker
    from digits.training import Run, TrainConfig

MOST_USED = ("epochs", "lr", "batch_size", "hidden_sizes", "dropout", "optimizer", "seed", "data")
"""The flags that ``--help`` opens with."""

RESUMABLE = {"resume", "data", "trust_code", "track", "live", "film", "stop_with_input", "json", "open"}
"""What can be combined with ``--resume``: nothing that changes the run."""

SYNONYMS = {
    "dataset": "data", "extra": "extra_data", "personal": "extra_data", "pretrained": "from", "init": "from",
    "output": "out", "output_dir": "out", "checkpoint": "resume", "random_state": "seed",
}  # fmt: skip
"""Flags that people type first for one of another name, beside those of the settings."""

ADDED = {
    "synthetic": "synthetic digits", "pen_strokes": "pen strokes", "simulated_photos": "simulated photographs",
    "simulated_captures": "simulated captures", "outliers": "outliers",
    "personal": "personal digits, repetitions included",
}  # fmt: skip
"""What a run may learn from in addition to its data set, by the name in ``results.json``."""


@dataclass(frozen=True)
class Train:
    """What a call says beside the settings of `TrainConfig`."""

    recipe: str | None = option(None, "", positional=True, flags=("--recipe",))
    # a text, since a path forgets the ./ that tells a folder from synthetic handwriting
    data: str | None = option(
        None, "MNIST or any labelled set: a folder or file of any format; or the word synthetic. Without it, MNIST is "
        "found or downloaded, or synthetic digits replace it.", metavar="PATH",
    )  # fmt: skip
    extra_data: str | None = option(
        None, "Personal data to add: any labelled set, such as FOLDER/train/7/1.png.", metavar="PATH"
    )
    initial_model: str | None = option(
        None, "Fine-tune this model: cnn, mlp, a .safetensors file or a run folder. It determines the network, and the "
        "recipe is personal unless another is named.", flags=("--from",), metavar="MODEL",
    )  # fmt: skip
    resume: Path | None = option(
        None, "Continue this run folder, to the same weights as an uninterrupted run.", metavar="RUN"
    )
    out: Path | None = option(
        None, "Run folder to make; without it, runs/TIME-RECIPE.", flags=("-o", "--out"), metavar="RUN"
    )
    trust_code: bool = option(
        False, "Run the code that a run folder or model file names as its network, loss or optimizer. Read it first."
    )
    track: str | None = option(
        None, "Log every epoch in this tracker as well.", choices=("tensorboard", "mlflow", "wandb", "trackio"),
        metavar="NAME",
    )  # fmt: skip
    seconds: float | None = option(
        None, "Train for about this long, in place of --epochs: a few steps are timed first.", "(0, inf)"
    )
    live: bool = option(False, "Open a page that shows the network while it trains, and keep the film.")
    film: bool = option(
        False, "Keep a film of the training, training.webp beside the report; and write what the network looks like to "
        "live.json, for programs that show it."
    )  # fmt: skip
    stop_with_input: bool = option(
        False, "For programs that start a training: stop as at Ctrl-C when standard input ends."
    )
    open: bool = option(False, "Open the report in the browser when done.")
    json: bool = option(False, "Print results.json instead of a table.")


def train(words: list[str]) -> None:
    """Train a network, evaluate it and write its run folder with a report."""
    if words[:1] == ["finder"]:
        train_finder(words[1:])
        return
    from digits.training import config as settings
    from digits.training.recipes import DEFAULT_RECIPE, FINE_TUNING_RECIPE, RECIPES, get_recipe

    sections = {name: fields(section) for name, section in settings.SECTIONS.items()}
    declared: list[Field[Any]] = [*fields(Train), *(field for section in sections.values() for field in section)]
    synonyms = settings.SYNONYMS | SYNONYMS
    given = parse_words(declared, [word for word in words if word not in HELP], synonyms)
    call = Train(**{field.name: given[field.name] for field in fields(Train) if field.name in given})
    name = call.recipe or (FINE_TUNING_RECIPE if call.initial_model else DEFAULT_RECIPE)
    config = get_recipe(name, **{each: given[each] for each in given if each in settings.SECTION_OF})
    if HELP & {*words}:
        text = (
            f"{train.__doc__}\n\nRecipes: {', '.join(RECIPES)}. The defaults shown are those of {name}. `digits train "
            "finder --help` explains the network that finds digits on a page."
        )
        show_help("train [RECIPE]", text, _groups(declared, sections), config.settings)
    if call.resume:
        _check_resumable(call.resume, given)

    from digits.evaluation import write_report
    from digits.evaluation.metrics import format_table
    from digits.training import resume as resume_run
    from digits.training import train as train_run

    output = remark if call.json else say
    notices = list[str]()

    def notify(sentence: str) -> None:
        notices.append(sentence)
        output(sentence)

    if call.seconds:
        from digits.errors import UsageError
        from digits.training.run.budget import fit_epochs

        if "epochs" in given:
            raise UsageError("--seconds and --epochs cannot be combined: both say how long to train")
        config = fit_epochs(config, call.seconds)
        output(f"{config.optimization.epochs} epochs fit into {call.seconds:g} seconds")
    film = call.film or call.live
    if call.stop_with_input:
        _stop_with_input()

    view = View((call.resume or call.out or Path("runs", "latest")).parent) if call.live else None
    if view:
        output(f"the training is shown at {view.address}")
    with _open_progress(call, config) as progress:
        if call.resume:
            run = resume_run(
                call.resume, data=call.data, trust_code=call.trust_code, progress=progress, notify=notify, film=film
            )
        else:
            run = train_run(
                config, data=call.data, extra_data=call.extra_data, initial_model=call.initial_model, out=call.out,
                trust_code=call.trust_code, progress=progress, notify=notify, film=film,
            )  # fmt: skip
        if not isinstance(progress, bool) and run.results:
            progress.finish(run.results)
    if not run.results:  # not the first process of torchrun
        return
    report = write_report(run.folder)
    for notice in run.results["notices"]:
        if notice not in notices:
            remark(f"digits: note: {notice}")
    if call.json:
        say_json(run.results)
    else:
        say(f"{format_table(run.scores)}\n{_summary(run, report)}")
    for notice in notices:  # again, since the first time is far above by now
        output(notice)
    if call.open:
        import webbrowser

        webbrowser.open(report.resolve().as_uri())
    if view:
        output(f"the view stays open until Ctrl-C: {view.address}")
        view.wait()


def _stop_with_input() -> None:
    """Stop as at Ctrl-C when standard input ends, as it does with the program that started this one."""
    import _thread
    import threading

    def wait() -> None:
        while os.read(0, 4096):  # not through sys.stdin, whose lock would hold up the end of this process
            pass
        _thread.interrupt_main()

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _open_progress(call: Train, config: TrainConfig) -> Iterator[Tracker | bool]:
    """Open the progress bar, and the tracker if the call names one."""
    if call.track is None or os.environ.get("RANK", "0") != "0":  # one of torchrun's processes is enough
        yield True
        return
    from digits.experiments.trackers import track
    from digits.training import ProgressBar
    from digits.training.run.inputs import read_run
    from digits.training.run.stored import Trust

    settings = read_run(call.resume, Trust(call.trust_code))[0] if call.resume else config
    with closing(ProgressBar()) as bar, track(call.track, settings, bar) as tracker:
        yield tracker


def _groups(declared: list[Field[Any]], sections: Groups) -> Groups:
    """Arrange the flags for ``--help``: those that matter most, then one group per section of `TrainConfig`."""
    by_name = {field.name: field for field in declared}
    more = {
        "model": ["initial_model"],
        "data": ["extra_data"],
        "run": ["resume", "out", "seconds", "trust_code", "track", "live", "film", "stop_with_input", "open", "json"],
    }
    groups = {"Most used": [by_name[name] for name in MOST_USED]}
    for name, section in sections.items():
        rest = [field for field in section if field.name not in MOST_USED]
        title = "Network" if name == "model" else name.capitalize()
        groups[title] = [*(by_name[each] for each in more.get(name, ())), *rest]
    return groups


def _check_resumable(run: Path, given: dict[str, Any]) -> None:
    """Refuse flags that would change a run that is resumed."""
    from digits.errors import ModelError, UsageError
    from digits.files import read_json_object

    if given.keys() <= RESUMABLE:
        return
    file = run / "results.json"
    try:
        is_finished = file.is_file() and read_json_object(file).get("interrupted") is False
    except ValueError as error:
        raise ModelError(f"{file} is broken: {error}; `digits train --resume {run}` writes it again") from error
    if "epochs" in given and is_finished:
        raise UsageError(
            f"{run} is finished; to train its network further: digits train --from {run} --epochs {given['epochs']}"
        )
    raise UsageError(
        "--resume keeps the settings and the folder of the run; only --data, --trust-code, --track, --live, --film, "
        "--stop-with-input, --json and --open go with it"
    )


def _fine_tuning(results: dict[str, Any]) -> list[str]:
    """Describe what fine-tuning gained and forgot; of other runs, the accuracy on personal digits."""
    from digits.evaluation.report import COMPARED

    before, personal = results.get("before", {}), results.get("personal", {})
    lines = [f"before → after fine-tuning {before['model']}"] if before else []
    for part, name in COMPARED.items():
        if row := before.get(part):
            changes = f"{row['newly_wrong']:,} newly wrong, {row['newly_right']:,} newly right"
            lines.append(f"{name:25}  {row['before']:7.2%} → {row['after']:7.2%}  ({row['n']:,}; {changes})")
        elif not before and (row := personal.get(part.removeprefix("personal_"))):
            lines.append(f"{name:25}  {row['accuracy']:7.2%}  ({row['n']:,})")
    lines += [before["sentence"]] if before else []
    return ["", *lines] if lines else []


def _summary(run: Run, report: Path) -> str:
    """Describe what the run learned from in addition, what that changed, how long it took, and where the files are."""
    results, model = run.results, run.folder / "model.onnx"
    added = [f"{results['data'][name]:,} {what}" for name, what in ADDED.items() if results["data"].get(name)]
    epochs = f"{len(run.history)} epoch{'s' * (len(run.history) != 1)}"
    lines = [
        *([f"also learned from {' and '.join(added)}"] if added else []),
        *_fine_tuning(results),
        "",
        f"trained {epochs} in {results['seconds']['training']:.1f} s, {time.perf_counter() - STARTED:.1f} s in all",
        f"report  {report}",
        f"model   {model if model.exists() else model.with_suffix('.safetensors')}",
        f"repeat  {results['command']}",
    ]
    return "\n".join(lines)
