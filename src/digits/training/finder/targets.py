"""What the network shall answer for a document: the truth as centre maps, and values for the cells around each centre.

Heat falls off from each centre as a Gaussian whose width follows the box (Zhou et al. 2019); the cells with much of it
learn box, class and links (as in Liu et al., "Training-time-friendly network for real-time object detection", 2020),
since many cells per character learn faster than one. `digits.inference.finder.outputs.decode` is the inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from digits.inference.finder.outputs import LINK_UNIT, STRIDE
from digits.shapes import Bool, Float32, Int64
from digits.synthesis.documents import Document, Truth
from digits.types import CLASSES

SIZES = (9.0, 80.0)
"""Heights of a line's digits in pixels that the network shall find. Halving a picture keeps every digit of 10 pixels or
more within a third of this range, so that at least two of its scales show each."""

NEAR_SIZES = (6.5, 112.0)
"""Heights at which it may answer as it likes: up to a factor of 1.4 beside `SIZES`. Beyond, it shall be silent, so that
the parts of large digits are not taken for digits."""

SMALL, NEAR_SMALL, SMALLEST = 16.0, 20.0, 3.0
"""Handwritten digits below `SMALL` pixels call for twice the scale; from there to `NEAR_SMALL` either answer is right.
Below `SMALLEST` they are grain."""

MIN_VISIBLE = 0.5
"""Share of a character from which on it shall be found; with less, it may be."""

SPREAD, MIN_SPREAD = 0.12, 0.5
"""Standard deviation of the heat: a share of the box, and cells at least."""

SIGN_WEIGHT = 2.0
"""Of a handwritten sign in the loss, where a digit has 1: signs are smaller, and five times as rare."""

REGION_HEAT = 0.3
"""Heat of the cells that learn the values."""

MIN_UPRIGHT = 0.5
"""Cosine of a line's angle from which on its characters learn their class: a page that lies on its side is turned
before it is read, and a 6 that stands on its head is a 9."""

ROOM_AFTER = 2.0
"""Sizes of a character that must be left in the picture after the last of a line, to know that it is the last."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of b pictures of h × w cells, with m cells that learn values.

    Attributes
    ----------
    heat
        1 at the centres of handwritten and of printed characters, less around them, 0 elsewhere.
    heat_known
        Weight in the loss: 1, more at the centres of signs, or 0 where any answer is right.
    small, small_known
        1 within handwritten digits that are too small for this scale.
    cells
        Number of each cell that learns values, counted through all pictures row by row.
    weights
        Sum to 1 for each character, to more for signs.
    is_centre
        Whether the cell is that of the centre.
    labels
        Class, or -1 where it is unknown.
    boxes, directions, struck
        As `digits.inference.finder.outputs.outputs` describes them, with `struck` 0 or 1.
    links
        1 where the line goes on, 0 where it ends, -1 where that is unknown; and the vector to the next.
    """

    heat: Float32[Tensor, "b 2 h w"]
    heat_known: Float32[Tensor, "b h w"]
    small: Float32[Tensor, "b h w"]
    small_known: Float32[Tensor, "b h w"]
    cells: Int64[Tensor, " m"]
    weights: Float32[Tensor, " m"]
    is_centre: Bool[Tensor, " m"]
    labels: Int64[Tensor, " m"]
    boxes: Float32[Tensor, "m 4"]
    links: Float32[Tensor, "m 3"]
    directions: Float32[Tensor, "m 2"]
    struck: Float32[Tensor, " m"]

    def to(self, device: torch.device) -> Targets:
        """Copy them to a device."""
        return Targets(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def encode(documents: list[Document]) -> Targets:
    """Compute the targets of one or more documents of the same size; sides are multiples of `STRIDE`."""
    parts = [_encode(document) for document in documents]
    counts = [len(part["cells"]) for part in parts]
    height, width = parts[0]["small"].shape
    first = np.repeat(np.arange(len(parts)) * height * width, counts)
    stacked = {"heat", "heat_known", "small", "small_known"}
    joined = {
        name: np.stack([part[name] for part in parts])
        if name in stacked
        else np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
    joined["cells"] = joined["cells"] + first
    return Targets(**{name: torch.from_numpy(values) for name, values in joined.items()})


def turn(document: Document, quarters: int) -> Document:
    """Turn a document counter-clockwise by quarters of a circle; its mask is left out."""
    for _ in range(quarters % 4):
        truth, width = document.truth, document.picture.shape[1]
        x, y, wide, high = truth.boxes.T
        turned = replace(
            truth,
            boxes=np.stack((y, width - x - wide, high, wide), axis=1),
            directions=truth.directions - np.float32(np.pi / 2),
            mask=np.zeros((0, 0), np.uint16),
        )
        document = Document(np.ascontiguousarray(np.rot90(document.picture)), turned)
    return document


def line_sizes(truth: Truth) -> Float32[np.ndarray, " _n"]:
    """Return for each character the longer side of the largest digit in its line, or its own, in pixels."""
    longer = truth.boxes[:, 2:].max(1, initial=0).astype(np.float32)
    sizes: Float32[np.ndarray, " _n"] = longer.copy()
    is_digit = truth.labels < CLASSES
    for line in np.unique(truth.lines):
        mine = truth.lines == line
        if (mine & is_digit).any():
            sizes[mine] = longer[mine & is_digit].max()
    return sizes


def _encode(document: Document) -> dict[str, np.ndarray]:
    truth = document.truth
    height, width = (side // STRIDE for side in document.picture.shape)
    heat = np.zeros((2, height, width), np.float32)
    heat_known, small, small_known = (np.full((height, width), value, np.float32) for value in (1, 0, 1))
    sizes = line_sizes(truth)
    is_clear = (truth.visible >= MIN_VISIBLE) & (sizes >= SIZES[0]) & (sizes <= SIZES[1])
    is_near = (sizes >= NEAR_SIZES[0]) & (sizes <= NEAR_SIZES[1]) & ~is_clear
    for box in truth.boxes[is_near]:
        heat_known[_cells_of(box, height, width)] = 0
    is_small = (truth.labels < CLASSES) & ~truth.printed & (sizes < NEAR_SMALL)
    for row in np.flatnonzero(is_small):
        place = _cells_of(truth.boxes[row], height, width)
        if SMALLEST <= sizes[row] < SMALL:
            small[place] = 1
        else:
            small_known[place] = 0
    rows = np.flatnonzero(is_clear)
    weights = np.where((truth.labels >= CLASSES) & ~truth.printed, SIGN_WEIGHT, 1.0).astype(np.float32)
    owner, owned = np.full((height, width), -1), np.zeros((height, width), np.float32)
    centres = truth.boxes[:, :2] + truth.boxes[:, 2:] / 2
    middles = np.minimum((centres / STRIDE).astype(np.int64), (width - 1, height - 1))
    for row in rows:
        column, line = middles[row]
        spread = np.maximum(SPREAD * truth.boxes[row, 2:] / STRIDE, MIN_SPREAD)
        x = (np.arange(width) - column) / spread[0]
        y = (np.arange(height) - line) / spread[1]
        mine = np.exp(-(x**2 + y[:, None] ** 2) / 2).astype(np.float32)
        kind = heat[int(truth.printed[row])]
        np.maximum(kind, mine, out=kind)
        heat_known[line, column] = weights[row]
        is_mine = (mine >= REGION_HEAT) & (mine > owned)
        owner[is_mine], owned[is_mine] = row, mine[is_mine]
    return {"heat": heat, "heat_known": heat_known, "small": small, "small_known": small_known} | _values(
        document, sizes, centres.astype(np.float32), middles, owner, owned, weights
    )


def _values(
    document: Document,
    sizes: Float32[np.ndarray, " _n"],
    centres: Float32[np.ndarray, "_n 2"],
    middles: Int64[np.ndarray, "_n 2"],
    owner: Int64[np.ndarray, "_h _w"],
    owned: Float32[np.ndarray, "_h _w"],
    total: Float32[np.ndarray, " _n"],
) -> dict[str, np.ndarray]:
    """Compute the values that the cells with an owner learn."""
    truth = document.truth
    lines, columns = np.nonzero(owner >= 0)
    mine = owner[lines, columns]
    places = np.stack((columns, lines), axis=1)
    middle_of_cell = ((places + 0.5) * STRIDE).astype(np.float32)
    weights = owned[lines, columns]
    weights = total[mine] * weights / np.bincount(mine, weights, minlength=len(truth))[mine]
    following = _following(document, sizes, centres)
    goes_on = following >= 0
    ahead = np.where(goes_on[:, None], centres[following.clip(0)], centres)
    links = np.concatenate(
        (
            np.where(goes_on, 1, following + 1)[mine, None],  # -1 where the line ends, -2 where that is unknown
            (ahead[mine] - middle_of_cell) / LINK_UNIT,
        ),
        axis=1,
    )
    angles = truth.directions[mine]
    is_upright = np.cos(angles) >= MIN_UPRIGHT
    return {
        "cells": lines * owner.shape[1] + columns,
        "weights": weights.astype(np.float32),
        "is_centre": (places == middles[mine]).all(1),
        "labels": np.where(is_upright, truth.labels[mine].astype(np.int64), -1),
        "boxes": np.concatenate(
            ((centres[mine] - middle_of_cell) / STRIDE, np.log(truth.boxes[mine, 2:])), axis=1
        ).astype(np.float32),
        "links": links.astype(np.float32),
        "directions": np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32),
        "struck": truth.struck[mine].astype(np.float32),
    }


def _following(
    document: Document, sizes: Float32[np.ndarray, " _n"], centres: Float32[np.ndarray, "_n 2"]
) -> Int64[np.ndarray, " _n"]:
    """Return the row of each character's successor in its line, -1 where it has none, -2 where that is unknown."""
    truth = document.truth
    rows = {(line, order): row for row, (line, order) in enumerate(zip(truth.lines, truth.orders, strict=True))}
    ahead = np.stack((np.cos(truth.directions), np.sin(truth.directions)), axis=1)
    beyond = centres + ROOM_AFTER * sizes[:, None] * ahead
    is_inside = ((beyond >= 0) & (beyond < document.picture.shape[::-1])).all(1)
    found = [rows.get((line, order + 1), -1) for line, order in zip(truth.lines, truth.orders, strict=True)]
    following = np.array(found, np.int64).reshape(len(truth))
    following[(following < 0) & ~is_inside] = -2
    return following


def _cells_of(box: Int64[np.ndarray, " 4"], height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of the cells that a box touches."""
    x, y, wide, high = box
    return (
        slice(min(int(y) // STRIDE, height - 1), -(-int(y + high) // STRIDE)),
        slice(min(int(x) // STRIDE, width - 1), -(-int(x + wide) // STRIDE)),
    )
