"""Random corruptions of a share of every batch: what cameras, scanners, forms and stains do to a digit.

Each corrupted digit gets a few of the steps of `corrupt`, each with a strength of its own. All random numbers are drawn
for the whole batch, so that several processes corrupt their shares of it as one would.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from digits.shapes import Float32, UInt8
from digits.training.config import AugmentationConfig
from digits.training.engine.augmentation import augment, draw_coefficients, resample
from digits.training.engine.sampler import Shard
from digits.types import SIDE

Pixels = Float32[Tensor, "m 28 28"]
Strengths = Float32[Tensor, "m"]

MISPLACED = AugmentationConfig(rotation=25.0, scale=0.3, shear=0.4, shift=3.0, elastic=0.0)
"""How far digits that were not normalized are from where they should be."""

# Probability of each step for a corrupted digit: two or three of them on average.
MISPLACED_SHARE, THICKNESS_SHARE, OUTLINE_SHARE, LINE_SHARE, BLUR_SHARE = 0.2, 0.2, 0.06, 0.3, 0.3
FOG_SHARE, LEVELS_SHARE, BAND_SHARE, NOISE_SHARE, IMPULSE_SHARE = 0.25, 0.4, 0.2, 0.4, 0.25

BLUR_SIDE = 9  # pixels of a blur's kernel
FOG_CELLS = 4  # along a side, between which fog is interpolated
PARAMETERS = 37  # random numbers per digit, whether or not they are used


def distort(
    images: UInt8[Tensor, "n 28 28"], config: AugmentationConfig, shard: Shard | None = None
) -> UInt8[Tensor, "n 28 28"]:
    """Augment a batch as configured, then corrupt the configured share of it; parameters as of `augment`."""
    return corrupt(augment(images, config, shard), config.corruption, shard)


def corrupt(images: UInt8[Tensor, "n 28 28"], share: float, shard: Shard | None = None) -> UInt8[Tensor, "n 28 28"]:
    """Corrupt a share of the digits, drawing from torch's global generator.

    Parameters
    ----------
    images
        Digits, distorted or not.
    share
        Probability of each digit to be corrupted; at 0 the images are returned as they are.
    shard
        Where these digits lie in a batch that several processes share.
    """
    if not share:
        return images
    n, device = len(images), images.device
    size, start = (shard.size, shard.start) if shard else (n, 0)
    chosen = torch.randperm(size, device=device)[: round(share * size)]
    k = len(chosen)
    draws, fog = torch.rand(PARAMETERS, k, device=device), torch.rand(k, 1, FOG_CELLS, FOG_CELLS, device=device)
    noise, impulses = torch.randn(k, SIDE, SIDE, device=device), torch.rand(k, SIDE, SIDE, device=device)
    moves = draw_coefficients(k, MISPLACED, device)
    if shard:
        mine = ((chosen >= start) & (chosen < start + n)).nonzero()[:, 0]
        chosen, draws = chosen[mine] - start, draws[:, mine]
        fog, noise, impulses, moves = fog[mine], noise[mine], impulses[mine], moves[mine]
    u = list(draws)
    x = images[chosen].float() / 255
    x = torch.where((u.pop() < MISPLACED_SHARE)[:, None, None], resample(x, moves), x)
    x = _change_thickness(x, _apply(u, THICKNESS_SHARE), u.pop())
    x = torch.where((u.pop() < OUTLINE_SHARE)[:, None, None], _dilate(x) + _dilate(-x), x)
    x = _draw_line(x, _apply(u, LINE_SHARE), u)
    x = _blur(x, _apply(u, BLUR_SHARE), u)
    clouds = F.interpolate(fog, (SIDE, SIDE), mode="bilinear", align_corners=True)[:, 0]
    thickness = (_apply(u, FOG_SHARE) * u.pop())[:, None, None] * clouds
    x = x * (1 - 0.7 * thickness) + 0.8 * thickness * (u.pop() < 0.7)[:, None, None]
    x = _change_levels(x, _apply(u, LEVELS_SHARE), u)
    x = _cover_band(x, _apply(u, BAND_SHARE), u)
    # noise of the camera, which is stronger where it is bright, and lost pixels
    strength = (0.35 * _apply(u, NOISE_SHARE) * u.pop())[:, None, None]
    is_shot_noise = (u.pop() < 0.5)[:, None, None]
    x = x + strength * noise * torch.where(is_shot_noise, x.clamp(0, 1).sqrt(), 1.0)
    lost = (0.25 * _apply(u, IMPULSE_SHARE) * u.pop())[:, None, None]
    x = torch.where(impulses < lost, (impulses < lost / 2).float(), x)
    corrupted = images.clone()
    corrupted[chosen] = x.clamp_(0, 1).mul_(255).round_().to(torch.uint8)
    return corrupted


def _apply(u: list[Strengths], share: float) -> Strengths:
    """Draw 1 for the digits that get a step, 0 for the others."""
    return (u.pop() < share).float()


def _dilate(x: Pixels) -> Pixels:
    """Take the maximum of each pixel and its eight neighbours; torch's pooling takes ten times as long here."""
    tall = x.clone()
    torch.maximum(tall[:, 1:], x[:, :-1], out=tall[:, 1:])
    torch.maximum(tall[:, :-1], x[:, 1:], out=tall[:, :-1])
    wide = tall.clone()
    torch.maximum(wide[:, :, 1:], tall[:, :, :-1], out=wide[:, :, 1:])
    torch.maximum(wide[:, :, :-1], tall[:, :, 1:], out=wide[:, :, :-1])
    return wide


def _change_thickness(x: Pixels, applied: Strengths, draw: Strengths) -> Pixels:
    """Make lines up to two pixels thicker, or up to one thinner."""
    weight = (applied * (2 * draw - 1))[:, None, None]
    thicker = x + weight.clamp(min=0) * (_dilate(x) - x)
    return thicker + weight.clamp(max=0) * (thicker + _dilate(-thicker))


def _draw_line(x: Pixels, applied: Strengths, u: list[Strengths]) -> Pixels:
    """Draw a straight or wavy line anywhere across the digit, solid or dashed."""
    angle, offset, width, bright, wave, length, dash = (u.pop()[:, None, None] for _ in range(7))
    rows, columns = _grid(x.device)
    across = rows * torch.cos(torch.pi * angle) + columns * torch.sin(torch.pi * angle)
    along = columns * torch.cos(torch.pi * angle) - rows * torch.sin(torch.pi * angle)
    across = across + 2 * (wave - 0.5).clamp(min=0) * 2.5 * torch.sin(along * (0.6 + length))
    line = (1.2 + width - (across - (24 * offset - 12)).abs()).clamp(0, 1)
    line = line * ((dash < 0.5) | (torch.remainder(along, 2 + 4 * length) < 1 + 2 * length))
    return torch.maximum(x, applied[:, None, None] * (0.4 + 0.6 * bright) * line)


def _blur(x: Pixels, applied: Strengths, u: list[Strengths]) -> Pixels:
    """Blur by a Gaussian of any direction, much longer than wide for a camera that shook."""
    angle, long, wide = torch.pi * u.pop(), 0.4 + 3 * u.pop() ** 2, 0.3 + 0.9 * u.pop()
    blurred = applied.nonzero()[:, 0]
    angle, long, wide = angle[blurred], long[blurred], wide[blurred]
    if not len(blurred):
        return x
    reach = torch.arange(BLUR_SIDE, device=x.device) - BLUR_SIDE // 2
    rows, columns = torch.meshgrid(reach, reach, indexing="ij")
    along = columns * torch.cos(angle)[:, None, None] + rows * torch.sin(angle)[:, None, None]
    across = rows * torch.cos(angle)[:, None, None] - columns * torch.sin(angle)[:, None, None]
    kernels = torch.exp(-0.5 * ((along / long[:, None, None]) ** 2 + (across / wide[:, None, None]) ** 2))
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    x = x.clone()
    x[blurred] = F.conv2d(x[None, blurred], kernels[:, None], padding=BLUR_SIDE // 2, groups=len(blurred))[0]
    return x


def _change_levels(x: Pixels, applied: Strengths, u: list[Strengths]) -> Pixels:
    """Make the digit paler and its background brighter, with or without clipping."""
    contrast, offset, clips = (u.pop()[:, None, None] for _ in range(3))
    contrast = torch.where(clips < 0.5, 0.25 + 0.75 * contrast, torch.ones_like(contrast))
    offset = torch.where(clips < 0.5, offset * (1 - contrast), 0.6 * offset)
    return x + applied[:, None, None] * (contrast * x + offset - x)


def _cover_band(x: Pixels, applied: Strengths, u: list[Strengths]) -> Pixels:
    """Invert everything beyond a column or row on one side or two, or cover a rectangle evenly."""
    kind, side, first, second, level = (u.pop()[:, None, None] for _ in range(5))
    rows, columns = _grid(x.device)
    place = torch.where(side < 0.5, rows, columns)
    other = torch.where(side < 0.5, columns, rows)
    is_outer = (place < -14 + 8.5 * first) | (place > 14 - 8.5 * second)
    is_inside = ((place - 18 * (first - 0.5)).abs() < 4) & ((other - 18 * (second - 0.5)).abs() < 2.5)
    is_covered = torch.where(kind < 0.6, is_outer, is_inside)
    inverted = torch.where(kind < 0.6, 1 - x, level.expand_as(x))
    return torch.where(is_covered & (applied[:, None, None] > 0), inverted, x)


def _grid(device: torch.device) -> tuple[Tensor, Tensor]:
    middle = (SIDE - 1) / 2
    axis = torch.arange(SIDE, device=device) - middle
    return axis[None, :, None], axis[None, None, :]
