"""Training of the network that finds the walls of cells: the rules of tables, boxes and combs, and not those of paper.

It sees crops of synthetic documents in the size in which tables are looked at, and answers for every pixel whether a
level or an upright wall runs there. `digits.inference.walls` runs what this writes.
"""

from __future__ import annotations

import io
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from digits.files import write_atomically
from digits.inference.walls import INPUT, MULTIPLE, OUTPUT
from digits.orphans import end_with_parent
from digits.shapes import Float32, UInt8
from digits.synthesis.documents import LAYOUTS, TABLE_LAYOUTS, Layout, RealDigits, synthesize_crops
from digits.synthesis.documents.stream import CROPS_PER_PAGE
from digits.training.config import OptimizationConfig
from digits.training.engine.checkpoint import Epoch, State
from digits.training.engine.devices import choose_dtype
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.sampler import seed_epoch
from digits.training.engine.schedules import learning_rate_factor

CROP_SIDE, UNITS = 256, (10.0, 40.0)
"""Sides of a crop, and heights of its usual digit, in pixels."""

TABLE_SHARE = 0.6
"""Of the pages, tables alone; the others are those that the finder learns from."""

WALL_WIDTH = 2
"""Of what is learned, in pixels: rules are blurred, and their true places half a pixel off."""

RARITY, OVERLAP = 2.0, 0.3
"""Weights of walls against ground in the cross-entropy, and of overlap beside it (Milletari, Navab, Ahmadi 2016)."""

REACH = 9
"""Length of the strips that every block looks along, at its own stride: rules of dots are seen by their length."""

Batch = tuple[UInt8[Tensor, "b s s"], UInt8[Tensor, "b 2 s s"]]


class Strips(nn.Module):
    """A residual block that also looks far along rows and columns."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = REACH // 2
        self.along = nn.Conv2d(channels, channels, (1, REACH), padding=(0, half), groups=channels, bias=False)
        self.down = nn.Conv2d(channels, channels, (REACH, 1), padding=(half, 0), groups=channels, bias=False)
        self.mix = nn.Sequential(*_step(3 * channels, channels, 1), *_step(channels, channels, 3)[:2])

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape."""
        return torch.relu(x + self.mix(torch.cat((x, self.along(x), self.down(x)), 1)))


class WallNetwork(nn.Module):
    """From pictures to log-odds of level and of upright walls, pixel by pixel: strides 2 to 16, and back up.

    Parameters
    ----------
    channels
        At strides 2, 4, 8 and 16.
    """

    def __init__(self, channels: Sequence[int] = (8, 24, 48, 64)) -> None:
        super().__init__()
        first, fine, middle, coarse = channels
        self.stem = nn.Sequential(*_step(1, first, 5, 2))
        self.fine = nn.Sequential(*_step(first, fine, 3, 2), Strips(fine))
        self.middle = nn.Sequential(*_step(fine, middle, 3, 2), Strips(middle), Strips(middle))
        self.coarse = nn.Sequential(*_step(middle, coarse, 3, 2), Strips(coarse), Strips(coarse))
        self.to_middle, self.to_fine = nn.Conv2d(coarse, middle, 1), nn.Conv2d(middle, fine, 1)
        self.to_first = nn.Conv2d(fine, first, 1)
        self.merge_middle, self.merge_fine = Strips(middle), Strips(fine)
        self.last = nn.Sequential(*_step(first, first, 3))
        self.answers = nn.Conv2d(first, 8, 1)  # of two kinds, for each of the 2 × 2 pixels of a place
        nn.init.constant_(self.answers.bias, -3.0)  # type: ignore[arg-type] # a convolution may have no bias

    def forward(self, pictures: UInt8[Tensor, "b h w"]) -> Float32[Tensor, "b 2 h w"]:
        """Return log-odds; height and width are multiples of 16."""
        x = pictures[:, None].float() / 255
        first = self.stem(x - x.mean((2, 3), keepdim=True))
        fine = self.fine(first)
        middle = self.middle(fine)
        middle = self.merge_middle(middle + _double(self.to_middle(self.coarse(middle))))
        fine = self.merge_fine(fine + _double(self.to_fine(middle)))
        return F.pixel_shuffle(self.answers(self.last(first + _double(self.to_first(fine)))).float(), 2)


def _step(before: int, after: int, side: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def wall_loss(log_odds: Tensor, walls: UInt8[Tensor, "b 2 h w"]) -> Tensor:
    """Compute the cross-entropy, and how little the answers overlap with the walls."""
    wanted = walls.float() / 255
    entropy = F.binary_cross_entropy_with_logits(log_odds, wanted, pos_weight=torch.tensor(RARITY))
    found = log_odds.sigmoid()
    both, either = (found * wanted).sum((0, 2, 3)), (found + wanted).sum((0, 2, 3))
    return entropy + OVERLAP * (1 - (2 * both + 1) / (either + 1)).mean()


def load_layouts() -> Mapping[Layout, float]:
    """Give the layouts to learn from."""
    tables, others = sum(TABLE_LAYOUTS.values()), sum(LAYOUTS.values())
    shares = {layout: TABLE_SHARE * share / tables for layout, share in TABLE_LAYOUTS.items()}
    return shares | {layout: (1 - TABLE_SHARE) * share / others for layout, share in LAYOUTS.items()}


class WallBatches(IterableDataset[Batch]):
    """The batches from a step on, without end; the same arguments give the same bytes.

    Parameters
    ----------
    seed
        0 or more.
    real
        Digits of real people to write with.
    size
        Crops in a batch, a multiple of 4.
    first
        Number of the first step.
    """

    def __init__(self, seed: int, real: RealDigits, size: int, first: int = 0) -> None:
        super().__init__()
        self.seed, self.real, self.size, self.first = seed, real, size, first

    def __iter__(self) -> Iterator[Batch]:
        """Yield pictures, of which half are inverted and half transposed, and their walls."""
        start = self.first * self.size // CROPS_PER_PAGE
        crops = synthesize_crops(
            self.seed, size=CROP_SIDE, real=self.real, layouts=load_layouts(), units=UNITS, start=start
        )
        step = self.first
        while True:
            rng = np.random.default_rng((self.seed, 2, step))
            documents = list(islice(crops, self.size))
            pictures = np.stack([each.picture for each in documents])
            walls = np.stack([each.walls.draw(CROP_SIDE, CROP_SIDE, WALL_WIDTH) for each in documents])
            pictures[rng.random(self.size) < 0.5] ^= 255
            if rng.random() < 0.5:
                pictures, walls = pictures.transpose(0, 2, 1), walls[:, ::-1].transpose(0, 1, 3, 2)
            yield torch.from_numpy(pictures.copy()), torch.from_numpy(walls.copy())
            step += 1


def fit_walls(
    network: WallNetwork,
    real: RealDigits,
    validation: Sequence[Batch],
    *,
    epochs: int,
    steps: int = 100,
    size: int = 16,
    seed: int = 0,
    rates: tuple[float, float] = (5e-3, 0.02),
    workers: int = 1,
    checkpoint: Path | None = None,
    progress: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Train a network in place by Muon, and return one row per epoch, whose accuracy is the share of walls found.

    Parameters
    ----------
    network
        On the processor.
    real
        Digits of real people to write with.
    validation
        Batches to validate on.
    epochs, steps, size
        How often the figures and the checkpoint are written; steps of an epoch; crops of a step.
    seed
        Of the documents.
    rates
        Peak learning rates: of what Muon leaves to AdamW, and of Muon.
    workers
        1: another process makes the documents while the network learns; 0: they are made in between.
    checkpoint
        Written after every epoch; training continues from it if it exists.
    progress
        Called after every epoch.
    """
    plan = OptimizationConfig(
        optimizer="muon", lr=rates[0], muon_lr=rates[1], weight_decay=0.02, warmup=0.1, batch_size=size, epochs=epochs,
        ema_epochs=1.0,
    )  # fmt: skip
    dtype = choose_dtype("auto", torch.device("cpu"))
    autocast = torch.autocast("cpu", dtype, enabled=dtype != torch.float32)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch takes it, its stub does not
    optimizer = make_optimizer(network, plan, dtype)
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(math.exp(-1 / steps)), use_buffers=True)
    state = State(network, optimizer, averaged)
    if checkpoint and checkpoint.exists():
        state.load(checkpoint)
    crops = WallBatches(seed, real, size, len(state.history) * steps)
    batches: Iterator[Batch] = iter(crops)
    if workers:
        batches = iter(
            DataLoader(
                crops, batch_size=None, num_workers=1, prefetch_factor=8, multiprocessing_context="spawn",
                worker_init_fn=end_with_parent,
            )
        )  # fmt: skip
    for epoch in range(len(state.history), epochs):
        start, losses = time.perf_counter(), []
        network.train()
        for step in range(steps):
            factor = learning_rate_factor(plan, (epoch + (step + 0.5) / steps) / epochs)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            pictures, walls = next(batches)
            with autocast:
                log_odds = network(pictures)
            loss = wall_loss(log_odds, walls)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(network)
            losses.append(loss.item())
        validated, found, _ = validate(state.kept, validation)
        seconds = time.perf_counter() - start
        state.history.append(Epoch(epoch + 1, float(np.mean(losses)), math.nan, validated, found, factor, seconds))
        if checkpoint:
            state.save(checkpoint)
        progress(state.history[-1])
    network.load_state_dict(state.kept.state_dict())
    network.eval()
    return state.history


@torch.inference_mode()
def validate(network: nn.Module, batches: Sequence[Batch]) -> tuple[float, float, float]:
    """Compute the loss, the share of the walls that is found, and the share of what is found that is a wall."""
    network.eval()
    losses, counts = [], np.zeros(3)
    for pictures, walls in batches:
        log_odds = network(pictures)
        losses.append(float(wall_loss(log_odds, walls)))
        found, wanted = log_odds > 0, walls > 0
        counts += [int((found & wanted).sum()), int(wanted.sum()), int(found.sum())]
    both, wanted_pixels, found_pixels = counts.clip(1)
    return float(np.mean(losses)), both / wanted_pixels, both / found_pixels


def export_walls(network: WallNetwork, path: Path, about: Mapping[str, object]) -> None:
    """Write a network in evaluation mode as an ONNX file that gives probabilities, with what it says of itself."""
    import onnx

    buffer, axes = io.BytesIO(), {0: "n", 1: "height", 2: "width"}
    example = torch.zeros(1, 2 * MULTIPLE, 3 * MULTIPLE, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            nn.Sequential(network, nn.Sigmoid()).eval(), (example,),
            buffer,  # type: ignore[arg-type] # torch takes files, its stub only paths
            dynamo=False, input_names=[INPUT], output_names=[OUTPUT],
            dynamic_axes={INPUT: axes, OUTPUT: {0: "n", 2: "height", 3: "width"}},
        )  # fmt: skip
    model = onnx.load_model_from_string(buffer.getvalue())
    model.producer_name = "digits"
    onnx.helper.set_model_props(model, {"digits": json.dumps(about)})
    write_atomically(path, bytes(model.SerializeToString()))


def make_wall_network(seed: int) -> WallNetwork:
    """Make a network with weights drawn from a seed."""
    seed_epoch(seed, 0)
    return WallNetwork()
