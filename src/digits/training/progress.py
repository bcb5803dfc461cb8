"""How a person is told how training goes: a bar on a terminal, a line an epoch elsewhere. Always on stderr."""

from __future__ import annotations

import sys

from tqdm import tqdm

from digits.training.checkpoint import Epoch


class ProgressBar:
    """Shows epochs, losses, accuracies and the time left; called by the training loop after every step."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.shown = 0
        self.bar: tqdm[None] | None = None
        self.terminal = sys.stderr.isatty()

    def __call__(self, done: float, history: list[Epoch]) -> None:
        """Take note that `done` epochs, a fraction, are made, and that `history` holds the finished ones."""
        if self.bar is None:
            self.shown = len(history)
            if self.terminal:
                layout = "{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
                self.bar = tqdm(total=self.epochs, initial=int(done), bar_format=layout, file=sys.stderr, leave=True)
        if self.bar is not None:
            self.bar.set_description_str(f"epoch {min(int(done) + 1, self.epochs)}/{self.epochs} ", refresh=False)
            if history:
                self.bar.set_postfix_str(_figures(history[-1]), refresh=False)
            self.bar.update(done - self.bar.n)
        elif len(history) > self.shown:
            self.shown = len(history)
            print(f"epoch {self.shown}/{self.epochs}  {_figures(history[-1])}", file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if self.bar is not None:
            self.bar.close()


def _figures(row: Epoch) -> str:
    return (
        f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}; "
        f"accuracy {row.train_accuracy:.2%}, validation {row.validation_accuracy:.2%}; {row.seconds:.1f} s"
    )
