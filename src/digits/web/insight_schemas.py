"""What the calls that look inside a network take and answer, as ``/openapi.json`` describes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

MAX_OFF = 300
"""Units that a request may switch off, so that they fit into its address."""

Layer = Annotated[int, Query(ge=1, le=100, description="Layer of the unit, from 1; the last one has the outputs.")]
UnitNumber = Annotated[int, Query(ge=0, le=100_000, description="Number of the unit in its layer, from 0.")]
Off = Annotated[
    list[Annotated[str, Field(pattern=r"^.{1,200}:\d{1,3}:\d{1,6}$")]] | None,
    Query(
        description="Hidden units to switch off, each by its model, layer and number; may be repeated.",
        examples=[["mlp:1:17"]],
        max_length=MAX_OFF,
    ),
]


class Unit(BaseModel):
    """A unit of a fully connected network, while it reads a digit."""

    value: float = Field(description="Its activation; of an output, its logit.")
    weights: list[float] | None = Field(
        description="The weight of each of 784 pixels: behind the first layer, over all paths through active units; "
        "null where activation functions other than ReLU make that inexact."
    )
    inputs: list[tuple[int, float]] = Field(
        description="Strongest contributions: the number of the unit before, or of the pixel, and what it adds."
    )
    outputs: list[tuple[int, float]] = Field(
        description="What it adds to units of the next layer, where that is most; empty for an output."
    )


class LabelledDigit(BaseModel):
    """A digit, and what it is."""

    image: str = Field(description="Its 28 × 28 pixels: base64 of 784 bytes.")
    label: int = Field(ge=0, le=9)


class ExcitingDigits(BaseModel):
    """The digits that excite a unit most, the first one most of all."""

    source: str = Field(examples=["MNIST's validation digits"])
    count: int = Field(description="How many digits were compared.", examples=[5000])
    digits: list[LabelledDigit]


class Stage(BaseModel):
    """The feature maps of a stage."""

    channels: int
    height: int
    width: int
    values: str = Field(description="Base64 of channels × height × width bytes; 255 is the largest value of the stage.")


class Samples(BaseModel):
    """Digits to try."""

    source: str = Field(examples=["MNIST's validation digits"])
    ordinary: list[LabelledDigit]
    mistakes: list[LabelledDigit] = Field(description="MNIST's famous mistakes; empty where MNIST is missing.")
