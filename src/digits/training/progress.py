"""How a person is told how training goes: a bar on a terminal, a line an epoch elsewhere. Always on stderr."""

from __future__ import annotations

import sys

from tqdm import tqdm

from digits.training.checkpoint import Epoch


class ProgressBar:
    """Shows epochs, losses, accuracies and the time left; the training loop calls it after every step."""

    def __init__(self) -> None:
        self.bar: tqdm[None] | None = None
        self.told = -1

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        """Take note that `done` epochs, a fraction, are made, and that `history` holds the finished ones."""
        if self.told < 0:
            self.told = len(history)
        if sys.stderr.isatty():
            if self.bar is None:
                layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
                self.bar = tqdm(total=epochs, initial=int(done), bar_format=layout, file=sys.stderr)
            self.bar.set_description_str(f"epoch {min(int(done) + 1, epochs)}/{epochs}", refresh=False)
            if history:
                self.bar.set_postfix_str(_figures(history[-1]), refresh=False)
            self.bar.update(done - self.bar.n)
        elif len(history) > self.told:
            self.told = len(history)
            print(f"epoch {self.told}/{epochs}  {_figures(history[-1])}", file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if self.bar is not None:
            self.bar.close()


def _figures(row: Epoch) -> str:
    return (
        f"loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}; "
        f"accuracy {row.train_accuracy:.2%}, validation {row.validation_accuracy:.2%}; {row.seconds:.1f} s"
    )
