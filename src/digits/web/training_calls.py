"""The calls that train: start, pause and continue a run, learn a hand, look at it, and keep its model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from digits.web.corrections import Corrections
from digits.web.descriptions import errors
from digits.web.guard import require_this_computer
from digits.web.handlers import JSONAnswer
from digits.web.models import add_model
from digits.web.refusals import RefusedError
from digits.web.trainings import Settings, Trainings
from digits.web.workers import Workers


class RunState(BaseModel):
    """A run, in short."""

    name: str = Field(examples=["2026-11-28-101500-fast"])
    state: str = Field(description="running, paused, finished or failed.")
    error: str = Field(description="Why it failed; empty for most.")
    data: str = Field(description="Where its digits are.")
    initial_model: str = Field(description="The model that it fine-tunes; empty for most.")
    config: dict[str, Any] | None
    validation: float | None = Field(description="Accuracy on all validation digits, once it has ended, 0–1.")
    before: dict[str, Any] | None = Field(description="Of fine-tuning that has ended: `before` in results.json.")
    seconds: float = Field(description="How long it took, once it has ended.")


class ShownRun(RunState):
    """A run with its film: curves, confusion matrix, map and weights."""

    live: dict[str, Any] | None = Field(description="The content of live.json; null before the first step.")


class TrainableRecipe(BaseModel):
    """A recipe that may be trained here."""

    name: str = Field(examples=["fast"])
    network: str = Field(examples=["mlp"])
    hidden_sizes: list[int]
    optimizer: str
    learning_rate: float
    is_augmented: bool


class TrainingOffer(BaseModel):
    """What may be trained, and the runs."""

    missing: str = Field(description="What to install before training; empty if nothing is missing.")
    folder: str = Field(description="The folder of the runs.")
    recipes: list[TrainableRecipe]
    optimizers: list[str]
    runs: list[RunState]


class KeptModel(BaseModel):
    """A model that the service now reads with."""

    model: str = Field(examples=["2026-11-28-101500-fast"])


Layers = Annotated[
    list[Annotated[int, Field(ge=1, le=1024)]] | None,
    Query(max_length=4, description="Units per hidden layer of the mlp; may be repeated."),
]


def make_training_routes(trainings: Trainings, workers: Workers, corrections: Corrections) -> APIRouter:
    """Make the calls for the runs of a folder, which may learn the corrections."""
    routes = APIRouter(prefix="/api/trainings", dependencies=[Depends(require_this_computer)])

    async def answer(call: Callable[..., Any], *arguments: Any, status: int = 200) -> JSONAnswer:
        return JSONAnswer(await asyncio.to_thread(call, *arguments), status)

    @routes.get("", response_model=TrainingOffer, responses=errors())
    async def list_trainings() -> JSONAnswer:
        """List what may be trained, and the runs."""
        return await answer(trainings.describe)

    @routes.post("", status_code=201, response_model=RunState, responses=errors(409, 422, 507))
    async def start_training(
        recipe: Annotated[str, Query(max_length=50, description="Name of a recipe.")],
        seconds: Annotated[float, Query(ge=1, le=3600, description="About how long to train.")] = 30,
        optimizer: Annotated[str | None, Query(max_length=50, description="As in the recipe without it.")] = None,
        learning_rate: Annotated[float | None, Query(gt=0, le=10, description="As in the recipe without it.")] = None,
        hidden_sizes: Layers = None,
        augmented: Annotated[bool | None, Query(description="Whether to distort the training digits.")] = None,
    ) -> JSONAnswer:
        """Train a network, in a process of its own; one at a time."""
        sizes = tuple(hidden_sizes) if hidden_sizes else None
        settings = Settings(recipe, seconds, optimizer, learning_rate, sizes, augmented)
        return await answer(trainings.start, settings, status=201)

    @routes.post("/from/corrections", status_code=201, response_model=RunState, responses=errors(409, 422, 507))
    async def learn_hand(
        model: Annotated[Literal["mlp", "cnn"], Query(description="The shipped model to begin with.")] = "mlp",
    ) -> JSONAnswer:
        """Fine-tune a model on the corrections, in a process of its own."""
        if not await asyncio.to_thread(corrections.entries):
            raise RefusedError(409, "there are no corrections to learn yet: correct some digits first")
        return await answer(trainings.learn, corrections.folder, model, status=201)

    @routes.get("/{name}", response_model=ShownRun, responses=errors(404))
    async def show_training(name: str) -> JSONAnswer:
        """Show a run: what it learned so far."""
        return await answer(trainings.show, name)

    @routes.post("/{name}/pause", response_model=RunState, responses=errors(404, 409))
    async def pause_training(name: str) -> JSONAnswer:
        """Stop the training that runs; it can be continued after its last whole epoch."""
        return await answer(trainings.pause, name)

    @routes.post("/{name}/go-on", response_model=RunState, responses=errors(404, 409))
    async def continue_training(name: str) -> JSONAnswer:
        """Continue a run that was stopped."""
        return await answer(trainings.go_on, name)

    @routes.post("/{name}/keep", response_model=KeptModel, responses=errors(404, 409))
    async def keep_model(name: str) -> JSONAnswer:
        """Let the service read with the model of a run, until it ends."""
        models = add_model(workers.models, await asyncio.to_thread(trainings.find_model, name))
        if models != workers.models:  # it may have been kept already
            await asyncio.to_thread(workers.replace_models, models)
        return JSONAnswer({"model": name})

    return routes
