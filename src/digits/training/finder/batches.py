"""The documents of each training step, made by other processes while the network learns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from digits.errors import UsageError
from digits.inference.finder.scales import pad
from digits.orphans import end_with_parent
from digits.preprocessing.scales import halve
from digits.shapes import UInt8
from digits.synthesis.documents import LAYOUTS, Document, Layout, RealDigits, Truth, synthesize_crops
from digits.synthesis.documents.stream import CROPS_PER_PAGE
from digits.training.engine.plugins import load_plugin
from digits.training.finder.config import FinderConfig
from digits.training.finder.targets import Targets, encode, turn

STREAMS = 16
"""Step k learns from stream k mod 16, whatever the number of processes, so that these change no bit of the result."""

HALVED_EVERY = 4
"""Of every four pages one is seen at half its size: it shows digits that are too small to be found."""

TURNED_SHARE, INVERTED_SHARE = 0.05, 0.05
"""Of the crops. More would teach less: a digit that lies on its side teaches no class."""

CUT_OUT_SHARE = 0.08
"""Of the crops with handwriting: they show one line as somebody cut it out, and ground beside it as readers add it."""

PREFETCHED = 8
"""Batches that each process makes ahead."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step learns from."""

    pictures: UInt8[Tensor, "b s s"]
    targets: Targets

    def __reduce__(self) -> tuple[Callable[..., Batch], tuple[np.ndarray, dict[str, np.ndarray]]]:
        """Pass on arrays: tensors go through shared memory, in a thread that may end with its process in the midst."""
        return _receive, (self.pictures.numpy(), {name: each.numpy() for name, each in vars(self.targets).items()})


class Batches(IterableDataset[Batch]):
    """The batches from the first step on that has not been done, without end.

    Parameters
    ----------
    config
        Says seed and sizes.
    real
        Digits of real people to write with.
    first
        Number of the first step.
    layouts
        Layouts of your own, as `load_layouts` takes them.
    """

    def __init__(self, config: FinderConfig, real: RealDigits, first: int = 0, layouts: str = "") -> None:
        super().__init__()
        self.config, self.real, self.first, self.layouts = config, real, first, layouts

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches that fall to this process."""
        worker = get_worker_info()
        start, step = (worker.id, worker.num_workers) if worker else (0, 1)
        streams: dict[int, Iterator[Document]] = {}
        number = self.first + start
        while True:
            stream = number % STREAMS
            if stream not in streams:
                streams[stream] = self._stream(stream, number // STREAMS)
            yield make_batch(list(islice(streams[stream], self.config.batch_size)))
            number += step

    def _stream(self, stream: int, batches: int) -> Iterator[Document]:
        """Yield the crops of a stream, but for those of its first batches."""
        config, layouts = self.config, load_layouts(self.layouts)
        pages = batches * config.batch_size // CROPS_PER_PAGE
        seeds = [_derive(config.seed, 1 + stream, kind) for kind in range(2)]
        halved = pages // HALVED_EVERY
        small = synthesize_crops(seeds[0], size=2 * config.crop_size, real=self.real, layouts=layouts, start=halved)
        usual = synthesize_crops(seeds[1], size=config.crop_size, real=self.real, layouts=layouts, start=pages - halved)
        while True:
            rng = np.random.default_rng((_derive(config.seed, 1 + stream, 2), pages))
            pages += 1
            for _ in range(CROPS_PER_PAGE):
                yield vary(next(usual) if pages % HALVED_EVERY else show_smaller(next(small)), rng)


def load_batches(config: FinderConfig, real: RealDigits, first: int, layouts: str = "") -> Iterator[Batch]:
    """Make batches from a step on in as many processes as configured; they end when the iterator is dropped."""
    batches = Batches(config, real, first, layouts)
    if not config.workers:
        return iter(batches)
    # spawned, since threads such as those of OpenMP do not survive a fork
    return iter(
        DataLoader(
            batches, batch_size=None, num_workers=config.workers, prefetch_factor=PREFETCHED,
            multiprocessing_context="spawn", worker_init_fn=end_with_parent,
        )
    )  # fmt: skip


def load_layouts(reference: str) -> Mapping[Layout, float]:
    """Load layouts of your own, beside those that come with digits.

    Parameters
    ----------
    reference
        ``path/to/file.py:NAME`` of a mapping of layouts to shares, where the shares of all others sum to about 1.2; an
        empty text adds none.

    Raises
    ------
    UsageError
        When there is no such mapping.
    """
    if not reference:
        return LAYOUTS
    own = load_plugin(reference, "layouts")
    if not isinstance(own, Mapping) or not all(
        callable(layout) and isinstance(share, int | float) and 0 < share < math.inf for layout, share in own.items()
    ):
        raise UsageError(f"layouts {reference} must be a mapping of functions to shares above 0, as {{slip: 0.3}}")
    return {**LAYOUTS, **own}


def validation_batches(config: FinderConfig, real: RealDigits, layouts: str = "") -> list[Batch]:
    """Make the crops to validate on: like those to learn from, of other pages, written with the digits of `real`."""
    stream = Batches(replace(config, seed=_derive(config.seed, 0, 0)), real, layouts=layouts)._stream(0, 0)
    made = list(islice(stream, config.validation_crops))
    starts = range(0, len(made), config.batch_size)
    return [make_batch(made[start : start + config.batch_size]) for start in starts]


def make_batch(documents: list[Document]) -> Batch:
    """Put crops of the same size together, with their targets."""
    pictures = torch.from_numpy(np.stack([each.picture for each in documents]))
    return Batch(pictures, encode(documents))


def show_smaller(document: Document) -> Document:
    """Show a document at half its size; its mask is left out."""
    truth = document.truth
    low, high = truth.boxes[:, :2] // 2, -(-(truth.boxes[:, :2] + truth.boxes[:, 2:]) // 2)
    boxes = np.concatenate((low, high - low), axis=1)
    return Document(halve(document.picture), replace(truth, boxes=boxes, mask=np.zeros((0, 0), np.uint16)))


def cut_line_out(document: Document, rng: np.random.Generator) -> Document:
    """Show one handwritten line only, with little around it, in the upper left corner; the mask is left out."""
    truth, height, width = document.truth, *document.picture.shape
    boxes = truth.boxes[truth.lines == rng.choice(truth.lines[~truth.printed])]
    margins = rng.uniform(0, 0.6, 4) * boxes[:, 3].max()
    left, top = np.maximum(boxes[:, :2].min(0) - margins[:2], 0).astype(np.int64)
    right, bottom = np.minimum((boxes[:, :2] + boxes[:, 2:]).max(0) + margins[2:], (width, height)).astype(np.int64)
    low = np.maximum(truth.boxes[:, :2] - (left, top), 0)
    high = np.minimum(truth.boxes[:, :2] + truth.boxes[:, 2:], (right, bottom)) - (left, top)
    sides = (high - low).clip(0)
    kept = np.flatnonzero(sides.prod(1) > 0)
    shares = sides.prod(1) / truth.boxes[:, 2:].prod(1).clip(1)
    cut = {name: values[kept] for name, values in vars(truth).items() if name != "mask"}
    cut["boxes"] = np.concatenate((low, sides), axis=1)[kept]
    cut["visible"] = (truth.visible * shares).astype(np.float32)[kept]
    picture = pad(document.picture[top:bottom, left:right], (height, width))
    return Document(picture, Truth(**cut, mask=np.zeros((0, 0), np.uint16)))


def vary(document: Document, rng: np.random.Generator) -> Document:
    """Cut a line out of some documents, turn some by quarters of a circle, and make negatives of some."""
    if not document.truth.printed.all() and rng.random() < CUT_OUT_SHARE:
        document = cut_line_out(document, rng)
    if rng.random() < TURNED_SHARE:
        document = turn(document, int(rng.integers(1, 4)))
    if rng.random() < INVERTED_SHARE:
        document = replace(document, picture=255 - document.picture)
    return document


def _receive(pictures: np.ndarray, targets: dict[str, np.ndarray]) -> Batch:
    return Batch(
        torch.from_numpy(pictures), Targets(**{name: torch.from_numpy(each) for name, each in targets.items()})
    )


def _derive(*numbers: int) -> int:
    """Mix numbers into a seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1
