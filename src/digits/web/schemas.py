"""Parameters and answers as ``/openapi.json`` describes them; generated clients know every field."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from digits.preprocessing.pages import MAX_PAGES
from digits.web.insight_schemas import Stage

ModelName = Annotated[str | None, Query(description="Model that reads; GET /api/models lists them.", examples=["cnn"])]
ModelNames = Annotated[list[str] | None, Query(description="Models that read; may be repeated.")]
WithEvidence = Annotated[bool, Query(description="Add which pixels supported the answer, and the steps.")]
Single = Annotated[bool, Query(description="The picture is one digit; the answer has exactly one.")]
Upright = Annotated[bool, Query(description="The picture is upright: skip orientation detection.")]
Page = Annotated[int | None, Query(ge=1, le=MAX_PAGES, description="Page of a PDF or TIFF, if it has several.")]
Area = Annotated[
    str | None,
    Query(
        pattern=r"^(0|1|0?\.\d{1,6})(,(0|1|0?\.\d{1,6})){3}$",
        description="Read only this part: left, top, width and height as shares of the picture as viewers show it. "
        "Boxes are then in pixels of this part.",
        examples=["0.1,0.25,0.5,0.5"],
    ),
]
Turn = Annotated[
    int,
    Query(
        ge=0,
        le=270,
        multiple_of=90,
        description="Degrees, counter-clockwise, by which to turn the picture, or the part, before it is read.",
    ),
]
Printed = Annotated[bool, Query(description="Read printed digits too, not handwriting only.")]
Transpose = Annotated[bool, Query(description="Swap rows and columns of all images, as EMNIST needs.")]
Fields = Annotated[
    list[str] | None,
    Query(
        description="Read these numbers instead of tables, each by its name, number of digits and rules; may be "
        "repeated. The answer is a table of a head and one row.",
        examples=[["id:9", "mark:1-3:0-100:decimals=1"]],
        max_length=20,
    ),
]
Column = Annotated[
    str,
    Query(
        description="Column of the roster with the numbers, by name or counted from 1; found by the field if empty.",
        examples=["matriculation"],
        max_length=200,
    ),
]
Sums = Annotated[
    Literal["rows", "columns"] | None,
    Query(description="The last cell of each row, or of each column, of a table is the sum of the others."),
]


class Error(BaseModel):
    """Why a request failed."""

    error: str = Field(examples=["the picture is empty: choose a file that holds a picture"])
    pages: int = Field(1, description="Pages of the file; others may be readable.")


class Health(BaseModel):
    """The service runs."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])
    notices: list[str] = Field(description="Model files that are missing or have changed since the start.")


class ModelInfo(BaseModel):
    """A model."""

    name: str = Field(examples=["cnn"])
    network: str = Field(examples=["784-256-128-10"])
    recipe: str = Field(examples=["reader-mlp"])
    parameters: int = Field(examples=[235146])
    test_accuracy: float | None = Field(description="Accuracy on the test digits of its data set, 0–1.")
    rejection_threshold: float = Field(description="Confidence below which an answer is rejected as a non-digit.")
    layers: list[int] | None = Field(
        description="Units per layer of a fully connected network.", examples=[[784, 256, 128, 10]]
    )
    has_maps: bool = Field(description="Whether it is convolutional, so that it has feature maps to show.")


class Models(BaseModel):
    """The models."""

    default: str = Field(description="Model that reads when a request names none.", examples=["cnn"])
    models: list[ModelInfo]
    notices: list[str] = Field(description="Model files that are missing or have changed since the start.")


class Digit(BaseModel):
    """One digit of a picture."""

    value: int = Field(ge=0, le=9, examples=[7])
    confidence: float = Field(ge=0, le=1, examples=[0.9987])
    box: list[int] = Field(description="Left, top, width and height in pixels, in the picture as viewers show it.")
    accepted: bool = Field(description="False for a probable non-digit.")
    alternatives: list[list[float]] = Field(description="Other classes with their probabilities.")
    doubts: list[str] = Field(
        description="Reasons to check it; mostly empty. The first of a rejected digit says why it was rejected.",
        examples=[["could also be a 1"], ["unsure: 1 or 7"]],
    )


class Sign(BaseModel):
    """A sign between digits, such as a decimal point."""

    value: str = Field(examples=[","])
    confidence: float = Field(ge=0, le=1, examples=[0.98])
    box: list[int] = Field(description="Left, top, width and height in pixels, in the picture as viewers show it.")


class Reading(BaseModel):
    """The digits of a picture, as ``digits read --json`` prints them."""

    file: str = Field(examples=["note.jpg"])
    text: str = Field(
        description="The accepted digits with signs between them, one line per line of writing.", examples=["7,5\n555"]
    )
    lines: list[str] = Field(examples=[["7,5", "555"]])
    digit_lines: list[str] = Field(description="The lines without signs.", examples=[["75", "555"]])
    notice: str = Field(
        description="What was rejected, and why nothing was read; empty if all was accepted.",
        examples=["1 of 8 rejected; unsure: 1 or 7", "no digit read; no ink"],
    )
    digits: list[Digit]
    signs: list[Sign]
    size: list[int] = Field(description="Width and height of the picture, in pixels.", examples=[[1200, 900]])
    turned: int = Field(description="Degrees, counter-clockwise, by which it was turned to be read.", examples=[0])
    model: str = Field(description="Name of the model that read it.", examples=["cnn"])
    version: str = Field(description="Version of digits that read it.", examples=["0.1.0"])


class FailedReading(BaseModel):
    """A picture of several that cannot be read."""

    file: str
    error: str = Field(examples=["notes.txt has no known picture format: send PNG, JPEG or PDF"])


AnyReading = Reading | FailedReading


class NumberedDigit(Digit):
    """One digit of a set."""

    id: int = Field(ge=1, description="Its number in the set, from 1.", examples=[1])


class DigitSet(BaseModel):
    """The digits of a set, as ``digits read --json`` prints them."""

    file: str = Field(examples=["test.csv"])
    digits: list[NumberedDigit]
    notices: list[str] = Field(
        description="What was changed to read the set; mostly empty.",
        examples=[["test.csv: the pixels are 0–1, which are scaled to 0–255."]],
    )


class Cell(BaseModel):
    """A cell of a table."""

    text: str = Field(description="Digits and signs; ? for a digit that was not read.", examples=["7,5", "4?"])
    read: str = Field(description="What was read, where the text is what was made of it.", examples=["4?"])
    confidence: float = Field(description="Of the least certain digit, or of a sum; 1 without digits.", ge=0, le=1)
    box: list[int] | None = Field(description="x, y, width and height in pixels; null where nothing encloses it.")
    doubtful: bool
    notice: str = Field(description="Why somebody should check it; empty for most.", examples=["4: could also be a 9"])


class Table(BaseModel):
    """The table of a page, as ``digits table --json`` prints it."""

    file: str = Field(examples=["marks.jpg"])
    rows: list[list[Cell]]
    notice: str = Field(description="Which cells are doubtful, and what was left out.")


class FieldAnswer(BaseModel):
    """What stands in a field of a form."""

    field: str = Field(examples=["student"])
    read: str = Field(description="What was read; ? for a digit that was not.", examples=["407?92"])
    number: str = Field(description="What was made of it; empty if nothing.", examples=["407192"])
    confidence: float = Field(description="Probability of the number, after all rules.", ge=0, le=1)
    details: dict[str, str] = Field(description="The other columns of the roster's row.")
    alternatives: list[tuple[str, float]] = Field(description="Other numbers, with their probabilities.")
    box: list[int] | None = Field(description="x, y, width and height in pixels; null if it is on another page.")
    flag: str = Field(description="Why somebody should check it; empty for most.")


class FormRow(BaseModel):
    """The fields of a page; nothing is in them if it could not be read."""

    page: str = Field(examples=["scan.pdf#2"])
    fields: list[FieldAnswer]
    flag: str = Field(description="Why somebody should check it, or why it could not be read; empty for most.")


class FormAnswers(BaseModel):
    """The answers of a form, as ``digits form read --json`` prints them."""

    rows: list[FormRow]
    missing: list[str] = Field(description="The roster's numbers that are on no page.")
    notice: str = Field(examples=["1 of 30 pages is flagged"])


class Answer(BaseModel):
    """What one model reads."""

    model: str
    reading: Reading
    probabilities: list[list[float]] = Field(description="Ten class probabilities per digit.")
    images: list[str] = Field(description="The 28 × 28 pixels that the network saw, per digit: base64 of 784 bytes.")


class Evidence(BaseModel):
    """Which pixels supported an answer."""

    answer: int
    pixels: list[float] = Field(description="784 contributions to the score of the answer; negative: against it.")
    exact: bool = Field(description="True: from the gradient of a piecewise linear network; false: by occlusion.")


class ModelExplanation(BaseModel):
    """How one model sees the digit."""

    model: str
    probabilities: list[float] = Field(
        description="Of the classes: the first model's as in its reading, those of others for this digit alone."
    )
    accepted: bool
    layers: list[list[float]] | None = Field(description="Activations per hidden layer of a fully connected network.")
    maps: list[Stage] | None = Field(description="Of a convolutional network, with `evidence`: one per stage.")
    evidence: Evidence | None


class Steps(BaseModel):
    """The steps from the picture to the digit, as ``data:`` URLs."""

    seen: str
    ink: str
    digit: str


class Focus(BaseModel):
    """The digit that is explained."""

    digit: int = Field(description="Its index in the reading of the first model.")
    image: str
    models: list[ModelExplanation]
    steps: Steps | None


class Explanation(BaseModel):
    """What several models read in a picture, and why."""

    size: list[int] = Field(description="Width and height of the picture, in pixels.")
    pages: int = Field(description="Pages of the file; a picture has one.")
    rotation: int = Field(description="Degrees, counter-clockwise, by which the picture was rotated to read it.")
    answers: list[Answer]
    focus: Focus | None = Field(description="None when the picture holds nothing like a digit.")
    preview: str | None


class Correction(BaseModel):
    """A correction."""

    id: str = Field(examples=["20261126-120000-0a1b2c3d4e5f60718293a4"])
    label: int = Field(ge=0, le=9)
    image: str = Field("", description="Its 28 × 28 pixels, if they were requested: base64 of 784 bytes.")


class Corrections(BaseModel):
    """All corrections."""

    folder: str
    count: int
    per_class: list[int]
    digits: list[Correction]


class AddedCorrection(BaseModel):
    """A correction, just stored."""

    correction: Correction
    read_as: int
    count: int
