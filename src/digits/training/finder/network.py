"""The finder's network: strides 2, 4, 8, 16 and 32, then back up to 4, where it answers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits.inference.finder.outputs import outputs
from digits.shapes import Float32, UInt8
from digits.types import CLASSES

RARE = -4.0
"""First log-odds of what is nearly nowhere, so that training does not begin with unlearning it everywhere."""


class Residual(nn.Module):
    """Two 3 × 3 convolutions beside the identity (He, Zhang, Ren, Sun 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Step(channels, channels)
        self.second = Step(channels, channels, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape."""
        return torch.relu(x + self.second(self.first(x)))


class Step(nn.Sequential):
    """A convolution without bias, batch normalization and, as a rule, rectified linear units."""

    def __init__(self, before: int, after: int, *, side: int = 3, stride: int = 1, relu: bool = True) -> None:
        super().__init__(
            nn.Conv2d(before, after, side, stride, side // 2, bias=False),
            nn.BatchNorm2d(after),
            *([nn.ReLU()] if relu else []),
        )


class FinderNetwork(nn.Module):
    """From pictures to the finder's raw outputs: logits where `digits.inference.finder.outputs` says probabilities.

    Parameters
    ----------
    classes
        Number of classes of characters.
    channels
        At strides 2, 4, 8, 16 and 32.
    blocks
        Residual blocks at strides 4, 8, 16 and 32.
    width
        Channels on the way back up; the last layer before the answers has half as many again.
    """

    def __init__(
        self,
        classes: int,
        channels: Sequence[int] = (16, 24, 64, 96, 128),
        blocks: Sequence[int] = (1, 2, 2, 1),
        width: int = 32,
    ) -> None:
        super().__init__()
        self.heads = outputs(classes)
        self.stem = Step(1, channels[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(Step(before, after, stride=2), *(Residual(after) for _ in range(n)))
            for before, after, n in zip(channels[:-1], channels[1:], blocks, strict=True)
        )
        self.sides = nn.ModuleList(Step(each, width, side=1, relu=False) for each in channels[1:])
        self.merges = nn.ModuleList(Step(width, width) for _ in channels[2:])
        self.last = Step(width, width * 3 // 2)
        self.answers = nn.Conv2d(width * 3 // 2, sum(self.heads.values()), 1)
        self._begin()

    def _begin(self) -> None:
        """Start with rare centres, boxes of a usual digit, and residual blocks that change nothing."""
        for block in self.modules():
            if isinstance(block, Residual):
                nn.init.zeros_(block.second[1].weight)  # type: ignore[arg-type] # Sequential knows no types
        nn.init.zeros_(self.answers.bias)  # type: ignore[arg-type] # a convolution may have no bias
        bias = dict(zip(self.heads, self.answers.bias.split([*self.heads.values()]), strict=True))  # type: ignore[union-attr]
        with torch.no_grad():
            bias["centres"].fill_(RARE)
            bias["small"].fill_(RARE)
            bias["struck"].fill_(RARE)
            bias["boxes"][2:].fill_(3.0)  # 20 pixels

    @property
    def sign_bias(self) -> Float32[Tensor, " _signs"]:
        """The last layer's bias of the classes that are signs; what is written to it changes the network."""
        start = CLASSES + sum(list(self.heads.values())[: list(self.heads).index("classes")])
        bias: Tensor = self.answers.bias[start : start + self.heads["classes"] - CLASSES]  # type: ignore[index]
        return bias

    def forward(self, pictures: UInt8[Tensor, "b h w"]) -> dict[str, Float32[Tensor, "b _c _h _w"]]:
        """Return each output as a map of a quarter of the height and width, both multiples of 32."""
        x = pictures[:, None].float() / 127.5 - 1
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        x = self.sides[-1](maps[-1])
        for side, merge, finer in zip(self.sides[-2::-1], self.merges, maps[-2::-1], strict=True):
            x = merge(torch.relu(F.interpolate(x, scale_factor=2.0, mode="nearest") + side(finer)))
        answers = self.answers(self.last(x)).float()
        return dict(zip(self.heads, answers.split([*self.heads.values()], dim=1), strict=True))
