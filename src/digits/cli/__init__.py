"""The command line: arguments become calls, errors become one sentence and an exit code.

- `arguments`: flags and `--help` from dataclass fields.
- `recipes`: commands that take a recipe with the flags of `digits train`.
- `terminal`: results to stdout, remarks to stderr.
- `train` with `train_finder` and `live`, the view of a training, `read`, `table`, `form` with `form_review`,
  `form_template` and `form_labels`, `serve`, `evaluate`, `compare`, `find_lr`, `curve`, `ablate`, `sweep`, `runs`,
  `data` with `data_check` and `data_convert`, `export`, `report`: one file per command; `pages` holds what several of
  them do with pages.

Nothing else is imported before it is needed: ``digits --help`` answers at once, and only training loads torch.
"""

import os
import sys
from collections.abc import Callable, Sequence

from digits.cli import (
    ablate,
    compare,
    curve,
    data,
    evaluate,
    export,
    find_lr,
    form,
    read,
    report,
    runs,
    serve,
    sweep,
    table,
    train,
)
from digits.cli.terminal import allow_any_text, remark, say, start_log

COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "train": train.train, "read": read.read, "table": table.table, "form": form.form, "serve": serve.serve,
    "evaluate": evaluate.evaluate, "compare": compare.compare, "find-lr": find_lr.find_lr, "curve": curve.curve,
    "ablate": ablate.ablate, "sweep": sweep.sweep, "runs": runs.runs, "data": data.data, "export": export.export,
    "report": report.report,
}  # fmt: skip

WITHOUT_MNIST = "To continue without MNIST: `digits data --synthetic 60000 --out DIR` writes synthetic digits."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process: 0 for success, 1 for a failure, 2 for a wrong call."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    allow_any_text()
    try:
        if words in ([], ["-h"], ["--help"]):
            say(_overview())
        elif words == ["--version"]:
            from digits.version import __version__

            say(__version__)
        else:
            _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader of our output has seen enough; flushing again at exit would complain
        sys.stdout = None
        sys.exit(1)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename:
            _fail(f"{reason}: {error.filename}", 1)
        # files that are written raise errors of their own; this is stdout, and flushing again at exit would complain
        sys.stdout = None
        _fail(f"the output cannot be written: {reason}; send it elsewhere, or free some space there", 1)
    if not words:
        sys.exit(2)


def _run(words: list[str]) -> None:
    from digits.errors import DigitsError, MissingMNISTError, UsageError
    from digits.options import suggest

    start_log()
    try:
        if words[0] not in COMMANDS:
            raise UsageError(f"there is no command {words[0]!r}{suggest(words[0], COMMANDS)}")
        COMMANDS[words[0]](words[1:])
    except DigitsError as error:
        advice = f"\n{WITHOUT_MNIST}" if isinstance(error, MissingMNISTError) else ""
        _fail(f"{error}{advice}", error.exit_code)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("digits"):
            raise
        extra = {"serve": "web", "sweep": "sweep"}.get(words[0], "train")
        _fail(f"this needs {error.name}, which is not installed: pip install 'digits[{extra}]'", 1)
    except KeyboardInterrupt:
        _fail("stopped", 130)


def _overview() -> str:
    lines = [f"  {name:9} {str(command.__doc__).splitlines()[0]}" for name, command in COMMANDS.items()]
    return f"""usage: digits COMMAND [arguments]

Train the classic 784-256-128-10 network on MNIST, and read handwritten digits.

{chr(10).join(lines)}

digits COMMAND --help explains a command; digits --version shows the version."""


def _fail(message: str, exit_code: int) -> None:
    if os.environ.get("RANK", "0") == "0":  # one of torchrun's processes is enough
        remark(f"digits: {message}")
    sys.exit(exit_code)
