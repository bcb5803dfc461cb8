"""What the answers look like, for ``/openapi.json``: programs that are generated from it know every field."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Error(BaseModel):
    """Why there is no answer."""

    error: str = Field(examples=["the picture is not in a known picture format: save it as PNG, JPEG, …"])


class Health(BaseModel):
    """That the service runs."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])


class ModelInfo(BaseModel):
    """A model that answers."""

    name: str = Field(examples=["cnn"])
    network: str = Field(examples=["784-256-128-10"])
    recipe: str = Field(examples=["reader-mlp"])
    parameters: int = Field(examples=[235146])
    test_accuracy: float | None = Field(description="Share of its set's test digits that it names right.")
    rejection_threshold: float = Field(description="Confidence below which an answer is not a digit.")
    layers: list[int] | None = Field(
        description="Units of each layer where the network is fully connected.", examples=[[784, 256, 128, 10]]
    )


class Models(BaseModel):
    """The models that answer."""

    default: str = Field(description="Who reads when none is named.", examples=["cnn"])
    models: list[ModelInfo]


class ReadDigit(BaseModel):
    """What was read in one place."""

    value: int = Field(ge=0, le=9, examples=[7])
    confidence: float = Field(ge=0, le=1, examples=[0.9987])
    box: list[int] = Field(description="Left, top, width and height in the upright picture, in pixels.")
    accepted: bool = Field(description="Whether it is a digit, as far as the model knows.")
    alternatives: list[list[float]] = Field(description="Other answers with their probabilities.")
    doubts: list[str] = Field(description="Why to look again; empty for most.", examples=[["could also be a 1"]])


class ReadPicture(BaseModel):
    """What was read in a picture: the same that ``digits read --json`` prints of it."""

    file: str = Field(examples=["note.jpg"])
    text: str = Field(description="The accepted digits, a line for each written one.", examples=["0791\n555"])
    lines: list[str] = Field(examples=[["0791", "555"]])
    digits: list[ReadDigit]


class Answer(BaseModel):
    """What one model reads."""

    model: str
    reading: ReadPicture
    probabilities: list[list[float]] = Field(description="Of every digit, of each class.")
    images: list[str] = Field(description="Of every digit, its 28 × 28 as the network got it: base64 of 784 bytes.")


class Evidence(BaseModel):
    """Which ink spoke for an answer."""

    answer: int
    pixels: list[float] = Field(description="784: what each pixel's ink adds to the answer's score; below 0: against.")
    exact: bool = Field(description="By the gradient of a piecewise linear network; else by blotting out squares.")


class InsideModel(BaseModel):
    """What one model makes of the digit."""

    model: str
    probabilities: list[float]
    accepted: bool
    layers: list[list[float]] | None = Field(description="What each hidden layer gives, where it is fully connected.")
    evidence: Evidence | None


class Steps(BaseModel):
    """How the digit came out of the picture, as ``data:`` addresses."""

    seen: str
    ink: str
    digit: str


class Inside(BaseModel):
    """One digit, opened up."""

    digit: int = Field(description="Its number in the first model's reading.")
    image: str
    models: list[InsideModel]
    steps: Steps | None


class Look(BaseModel):
    """What several models read in a picture, and why."""

    size: list[int] = Field(description="Width and height of the upright picture.")
    turned: int = Field(description="Degrees by which it was turned, counter-clockwise, to be read.")
    answers: list[Answer]
    inside: Inside | None = Field(description="None where nothing was found.")
    preview: str | None


class Kept(BaseModel):
    """A digit of the own set."""

    id: str = Field(examples=["20261126-120000-0a1b2c3d"])
    label: int = Field(ge=0, le=9)


class Own(BaseModel):
    """The own set."""

    folder: str
    count: int
    per_class: list[int]
    digits: list[Kept]


class Added(BaseModel):
    """What was kept."""

    kept: Kept
    read_as: int
    count: int


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the statuses at which there is an `Error` instead of an answer."""
    return {status: {"model": Error} for status in (403, 421, *statuses)}


_FILE = {"type": "string", "format": "binary"}
PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture: PNG, JPEG, WebP, BMP, TIFF, GIF, PGM, PPM, HEIC or AVIF, at most 32 MiB and 50 "
        "megapixels; as it is, in a form, or as JSON in base64 or as pixels.",
        "content": {
            "image/*": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}},
            },
            "application/json": {
                "schema": {
                    "oneOf": [
                        {
                            "type": "object",
                            "required": ["picture"],
                            "properties": {
                                "picture": {"type": "string", "description": "base64, or a data: address"},
                                "name": {"type": "string"},
                            },
                        },
                        {
                            "type": "object",
                            "required": ["pixels"],
                            "properties": {
                                "pixels": {
                                    "type": "array",
                                    "items": {"type": "array", "items": {"type": "number"}},
                                    "description": "Rows of greys, 0–255, or 0–1 with a decimal point.",
                                },
                                "name": {"type": "string"},
                            },
                        },
                    ]
                },
                "examples": {
                    "a stroke": {
                        "summary": "A 1, eight pixels high",
                        "value": {"pixels": [[255, 255, 255, 0, 255, 255, 255, 255]] * 8},
                    },
                },
            },
        },
    }
}
"""The body of a request that has a picture, which the framework cannot guess."""
