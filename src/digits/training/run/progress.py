"""The progress of a training run, on stderr: a bar on a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import sys

from tqdm import tqdm

from digits.training.engine.checkpoint import Epoch


def is_watched() -> bool:
    """Whether someone looks on: on a terminal, or in a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class ProgressBar:
    """Show epochs, losses, accuracies and the time left; the training loop calls it after every step."""

    def __init__(self) -> None:
        self.bar: tqdm[None] | None = None
        self.shown = -1

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        """Show that `done` epochs, a fraction, are completed; `history` holds the finished ones."""
        if self.shown < 0:
            self.shown = len(history)
        if sys.stderr.isatty():
            if self.bar is None:
                layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {desc}"
                self.bar = tqdm(total=epochs, initial=int(done), bar_format=layout, file=sys.stderr)
            text = f"epoch {min(int(done) + 1, epochs)}/{epochs}"
            self.bar.set_description_str(f"{text} {_short_figures(history[-1])}" if history else text, refresh=False)
            self.bar.update(done - self.bar.n)
        elif len(history) > self.shown:
            self.shown = len(history)
            print(f"epoch {self.shown}/{epochs}  {_figures(history[-1])}", file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """Restore the terminal."""
        if self.bar is not None:
            self.bar.close()


def _short_figures(row: Epoch) -> str:
    # fits beside the bar on a terminal of 80 columns
    return (
        f"loss {row.train_loss:.3f} (val {row.validation_loss:.3f}) "
        f"acc {row.train_accuracy:.1%} (val {row.validation_accuracy:.2%})"
    )


def _figures(row: Epoch) -> str:
    return (
        f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}; "
        f"accuracy {row.train_accuracy:.2%}, validation {row.validation_accuracy:.2%}; {row.seconds:.1f} s"
    )
