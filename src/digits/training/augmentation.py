"""Random affine and elastic distortions of whole batches, on whichever device holds them.

Every digit of a batch is resampled once, through one grid: the grid is a matrix product of random coefficients with a
fixed basis (the two axes, a constant, and 5×5 smooth bumps), so that rotation, scale, shear, shift and elastic
distortion together cost one multiplication and one bilinear look-up a batch.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from digits.shapes import Float32, UInt8
from digits.training.config import TrainConfig
from digits.types import SIDE

CONTROL_POINTS = 5
"""Elastic displacements are drawn on a 5×5 lattice; in between they follow cubic B-splines."""


def augments(config: TrainConfig) -> bool:
    """Whether the configuration distorts the digits at all."""
    return any((config.rotation, config.scale, config.shear, config.shift, config.elastic))


def augment(
    images: UInt8[Tensor, "n 28 28"], config: TrainConfig, *, among: int | None = None, start: int = 0
) -> UInt8[Tensor, "n 28 28"]:
    """Distort every digit of a batch differently, drawing from torch's global generator.

    Rotation, scale, shear and shift are uniform within the configured bounds; elastic displacements are normal, as in
    Simard, Steinkraus and Platt (2003), section 2, but smooth by construction instead of by blurring.

    Parameters
    ----------
    images
        What to distort.
    config
        How much.
    among
        Size of the batch that these are a part of, so that processes which share a batch distort it as one would.
    start
        Number of the first of them in that batch.
    """
    n, device = len(images), images.device
    basis = _basis(device)
    coefficients = _coefficients(among or n, config, device)[start : start + n]
    grid = (coefficients @ basis).view(n, SIDE, SIDE, 2)
    distorted = F.grid_sample(images[:, None].float(), grid, mode="bilinear", align_corners=False)
    return distorted[:, 0].round_().to(torch.uint8)


def _coefficients(n: int, config: TrainConfig, device: torch.device) -> Float32[Tensor, "n k"]:
    """For every digit, how much of each row of the basis its sampling grid holds, (x, y) interleaved."""
    angle, scale_x, scale_y, shear, shift_x, shift_y = torch.rand(6, n, device=device).mul_(2).sub_(1)
    angle = angle * (config.rotation * torch.pi / 180)
    scale_x = 1 + scale_x * config.scale
    scale_y = 1 + scale_y * config.scale
    shear = shear * config.shear
    cosine, sine = angle.cos(), angle.sin()
    pixel = 2 / SIDE
    affine = torch.stack(
        (
            cosine * scale_x, sine * scale_x,
            (shear * cosine - sine) * scale_y, (shear * sine + cosine) * scale_y,
            shift_x * (config.shift * pixel), shift_y * (config.shift * pixel),
        ),
        dim=1,
    )  # fmt: skip
    if not config.elastic:
        return F.pad(affine, (0, 2 * CONTROL_POINTS**2))
    elastic = torch.randn(n, 2 * CONTROL_POINTS**2, device=device).mul_(config.elastic * pixel)
    return torch.cat((affine, elastic), dim=1)


@cache
def _basis(device: torch.device) -> Float32[Tensor, "k 1568"]:
    """Rows: x, y and 1 for each axis, then the bumps for each axis; columns: (x, y) of every pixel, row by row."""
    centres = (torch.arange(SIDE) * 2 + 1) / SIDE - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    knots = torch.linspace(-1, 1, CONTROL_POINTS)
    bumps = _cubic_bspline((centres[:, None] - knots) / (knots[1] - knots[0]))
    lattice = torch.einsum("ik,jl->klij", bumps, bumps).reshape(-1, SIDE, SIDE)
    # so that `elastic` is the displacement's root mean square in pixels, whatever the lattice
    lattice = lattice / lattice.square().sum(0).mean().sqrt()
    rows = [x, y, torch.ones_like(x), *lattice]
    basis = torch.zeros(len(rows), 2, SIDE, SIDE, 2)
    for index, row in enumerate(rows):
        basis[index, 0, :, :, 0] = row
        basis[index, 1, :, :, 1] = row
    return basis.reshape(2 * len(rows), -1).to(device)


def _cubic_bspline(distance: Tensor) -> Tensor:
    """Uniform cubic B-spline at a distance counted in knots (de Boor 1978)."""
    d = distance.abs()
    near = 2 / 3 - d.square() + d.pow(3) / 2
    far = (2 - d).clamp_min(0).pow(3) / 6
    return torch.where(d < 1, near, far)
