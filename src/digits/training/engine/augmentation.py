"""Random affine and elastic distortions of whole batches, on the device that holds them.

Every digit of a batch is resampled once, through one grid: the grid is the product of random coefficients with a fixed
basis (the two axes, a constant, and 5×5 smooth bumps), so that rotation, scale, shear, shift and elastic distortion
together cost one matrix product and one bilinear look-up per batch.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from digits.shapes import Float32, UInt8
from digits.training.config import AugmentationConfig
from digits.training.engine.sampler import Shard
from digits.types import SIDE

CONTROL_POINTS = 5
"""Elastic displacements are drawn on a 5×5 grid and interpolated by cubic B-splines."""


def augment(
    images: UInt8[Tensor, "n 28 28"], config: AugmentationConfig, shard: Shard | None = None
) -> UInt8[Tensor, "n 28 28"]:
    """Distort every digit of a batch differently, drawing from torch's global generator.

    Rotation, scale, shear and shift are uniform within the configured bounds; elastic displacements are normal, as in
    Simard, Steinkraus and Platt (2003), section 2, but smooth by construction instead of by blurring.

    Parameters
    ----------
    images
        The digits to distort.
    config
        The bounds; returns the images as they are if all are zero.
    shard
        Where these digits lie in a batch that several processes share, so that they distort it as one would.
    """
    if not config.is_active:
        return images
    n, device = len(images), images.device
    size, start = (shard.size, shard.start) if shard else (n, 0)
    coefficients = draw_coefficients(size, config, device)[start : start + n]
    return resample(images.float(), coefficients).round_().to(torch.uint8)


def resample(images: Float32[Tensor, "n 28 28"], coefficients: Float32[Tensor, "n k"]) -> Float32[Tensor, "n 28 28"]:
    """Resample each digit through the grid that its row of `draw_coefficients` describes."""
    grid = (coefficients @ _basis(images.device)).view(len(images), SIDE, SIDE, 2)
    return F.grid_sample(images[:, None], grid, mode="bilinear", align_corners=False)[:, 0]


def draw_coefficients(n: int, config: AugmentationConfig, device: torch.device) -> Float32[Tensor, "n k"]:
    """Draw the weight of each row of the basis in every digit's sampling grid, (x, y) interleaved."""
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
    """Compute the basis; rows: x, y and 1 per axis, then the bumps per axis; columns: (x, y) of every pixel, by row."""
    centres = (torch.arange(SIDE) * 2 + 1) / SIDE - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    knots = torch.linspace(-1, 1, CONTROL_POINTS)
    bumps = _cubic_bspline((centres[:, None] - knots) / (knots[1] - knots[0]))
    bumps_2d = torch.einsum("ik,jl->klij", bumps, bumps).reshape(-1, SIDE, SIDE)
    # makes `elastic` the root mean square of the displacement in pixels, whatever the number of control points
    bumps_2d = bumps_2d / bumps_2d.square().sum(0).mean().sqrt()
    rows = [x, y, torch.ones_like(x), *bumps_2d]
    basis = torch.zeros(len(rows), 2, SIDE, SIDE, 2)
    for index, row in enumerate(rows):
        basis[index, 0, :, :, 0] = row
        basis[index, 1, :, :, 1] = row
    return basis.reshape(2 * len(rows), -1).to(device)


def _cubic_bspline(distance: Tensor) -> Tensor:
    """Evaluate the uniform cubic B-spline at a distance in knots (de Boor 1978)."""
    d = distance.abs()
    near = 2 / 3 - d.square() + d.pow(3) / 2
    far = (2 - d).clamp_min(0).pow(3) / 6
    return torch.where(d < 1, near, far)
