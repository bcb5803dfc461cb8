"""A trained network that goes on: what it gains, what it forgets, what it keeps, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from digits.training.checkpoint import Epoch
from digits.training.export import load_network
from digits.training.loop import predict_logits
from digits.training.start import continued, load_start

from digits.data import split
from digits.errors import DigitsError, ModelError, TrainingError, UsageError
from digits.inference import load_model
from digits.training.recipes import PERSONAL, recipe
from digits.training.run import Run, resume, train
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

SHAPE: dict[str, Any] = {"hidden": (32,), "epochs": 6, "batch_size": 50}
QUICK: dict[str, Any] = {"batch_size": 50, "learning_rate": 3e-3, "replay": 800}
LONGER: dict[str, Any] = QUICK | {"epochs": 4, "extra_share": 0.3}


@pytest.fixture(scope="module")
def model(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network to go on with, which knows nothing of what is no digit."""
    return train("fast", data=few, out=tmp_path_factory.mktemp("runs") / "model", split_seed=2, **SHAPE)


@pytest.fixture(scope="module")
def own(mnist: Dataset, kept: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 digits of somebody who writes them as a mirror shows them."""
    images = np.ascontiguousarray(mnist.train.images[50_000:50_100, :, ::-1])
    return kept(tmp_path_factory.mktemp("own"), LabelledDigits(images, mnist.train.labels[50_000:50_100]))


@pytest.fixture(scope="module")
def personal(model: Run, own: Path, few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "personal"
    return train(data=few, extra=own, start=model.folder, out=folder, **LONGER)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def accuracy(network: torch.nn.Module, digits: LabelledDigits) -> float:
    return float((predict_logits(network, digits).argmax(1) == digits.labels).mean())


def test_it_gains_own_digits_it_never_learned_and_forgets_little(personal: Run) -> None:
    before = personal.results["before"]
    assert before["own_held_out"]["n"] == 20
    assert before["own_held_out"]["after"] >= before["own_held_out"]["before"] + 0.2
    assert before["own_learned"]["after"] >= before["own_learned"]["before"] + 0.3
    assert before["validation"]["after"] > before["validation"]["before"] - 0.04


def test_without_replay_more_is_forgotten(personal: Run, model: Run, own: Path, few: Dataset, tmp_path: Path) -> None:
    # as many steps, of which nearly all are of own digits
    alone = LONGER | {"replay": 50, "extra_share": 0.956}
    run = train(data=few, extra=own, start=model.folder, out=tmp_path / "run", **alone)
    assert run.results["data"]["train"] == pytest.approx(personal.results["data"]["train"], rel=0.01)
    kept, lost = personal.results["before"]["validation"], run.results["before"]["validation"]
    assert lost["after"] < kept["after"] - 0.05


def test_the_figures_are_those_of_the_two_networks(personal: Run, model: Run, few: Dataset) -> None:
    _, validation = split(few.train, 333, seed=2)
    pair = [
        predict_logits(network, validation).argmax(1) == validation.labels
        for network in (model.network, personal.network)
    ]
    before = personal.results["before"]
    assert before["validation"] == {
        "n": 333,
        "before": pair[0].mean(),
        "after": pair[1].mean(),
        "newly_right": int((pair[1] & ~pair[0]).sum()),
        "newly_wrong": int((pair[0] & ~pair[1]).sum()),
    }
    assert before["validation"]["before"] == model.results["validation"]["accuracy"]
    assert before["validation"]["after"] == personal.results["validation"]["accuracy"]
    assert {name: before[name] for name in ("model", "recipe", "seed", "network")} == {
        "model": str(model.folder), "recipe": "fast", "seed": 0, "network": "784-32-10",
    }  # fmt: skip
    right = [round(20 * before["own_held_out"][when]) for when in ("after", "before")]
    assert before["sentence"] == (
        f"Gained: {right[0]} instead of {right[1]} of the 20 own digits held out are read right; "
        f"forgotten: {before['validation']['newly_wrong']} of 333 validation digits are newly wrong, "
        f"{before['validation']['newly_right']} newly right."
    )


def test_the_results_tell_what_was_learned(personal: Run, own: Path, model: Run) -> None:
    written = json.loads((personal.folder / "results.json").read_text())
    assert written == personal.results
    assert written["own"]["learned"]["n"] == 80
    assert written["own"]["held_out"] == {"n": 20, "accuracy": written["before"]["own_held_out"]["after"]}
    assert written["own"]["location"] == str(own.resolve())
    assert written["data"]["extra"] == 343
    assert written["data"]["train"] == 800 + 343
    assert written["command"].startswith(f"digits train {PERSONAL} --learning-rate 0.003 --batch-size 50 --epochs 4 ")
    assert written["command"].endswith(f" --extra {own.resolve()} --from {model.folder}")
    assert "--hidden" not in written["command"]
    told = load_model(personal.folder).metadata
    assert str(own) not in json.dumps(told), "model files are passed on"
    assert (personal.config.hidden, personal.config.split_seed) == ((32,), 2)


def test_the_run_folder_is_one_like_any_other(personal: Run, few: Dataset) -> None:
    network, _ = load_network(personal.folder)
    expected = predict_logits(personal.network, few.test)
    assert np.array_equal(predict_logits(network, few.test), expected)
    np.testing.assert_allclose(load_model(personal.folder).logits(few.test.images), expected, atol=1e-3)
    assert load_start(personal.folder).config == personal.config


def test_the_same_seed_gives_the_same_bits_and_another_gives_others(
    personal: Run, model: Run, own: Path, few: Dataset, tmp_path: Path
) -> None:
    for seed in (0, 1):
        run = train(data=few, extra=own, start=model.folder, out=tmp_path / str(seed), seed=seed, **LONGER)
        assert (weights(run.folder) == weights(personal.folder)) == (seed == 0)


class CtrlC:
    """Presses Ctrl-C at a point of the run."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("at", [0.3, 1.5])
def test_resuming_gives_the_very_weights_and_figures(
    at: float, personal: Run, model: Run, own: Path, few: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "cut"
    train(data=few, extra=own, start=model.folder, out=folder, progress=CtrlC(at), **LONGER)
    assert weights(folder) != weights(personal.folder)
    resumed = resume(folder, data=few)
    assert weights(folder) == weights(personal.folder)
    assert resumed.results | {"seconds": 0} == personal.results | {"seconds": 0}


def copied(run: Run, folder: Path) -> Path:
    folder.mkdir()
    for path in run.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def recorded_otherwise(folder: Path, **values: Any) -> None:
    environment = json.loads((folder / "environment.json").read_text())
    (folder / "environment.json").write_text(json.dumps(environment | values))


def test_resuming_refuses_own_digits_and_networks_that_have_changed(
    personal: Run, own: Path, model: Run, few: Dataset, tmp_path: Path
) -> None:
    for name, what, place in (
        ("extra", "other digits of one's own", own.resolve()),
        ("start", "another network to start from", model.folder),
    ):
        folder = copied(personal, tmp_path / name)
        recorded_otherwise(folder, **{f"{name}_sha256": "0123"})
        with pytest.raises(UsageError) as refused:
            resume(folder, data=few)
        assert str(refused.value) == (
            f"{folder} was begun with {what} than now in {place}: what was there has changed; "
            "`digits train` starts a new run"
        )


def test_few_own_digits_are_told_to_be_those_it_learned(model: Run, own: Path, few: Dataset, tmp_path: Path) -> None:
    for label in (2, 4):
        target = tmp_path / "own" / str(label)
        target.mkdir(parents=True)
        for file in (own / "train" / str(label)).iterdir():
            (target / file.name).write_bytes(file.read_bytes())
    run = train(data=few, extra=tmp_path / "own", start=model.folder, out=tmp_path / "run", **QUICK)
    assert "held_out" not in run.results["own"]
    assert "own_held_out" not in run.results["before"]
    assert (
        ", all of which it learned, since fewer than 50 are too few to hold any out; "
        in run.results["before"]["sentence"]
    )


def test_own_digits_are_learned_from_scratch_too(own: Path, few: Dataset, tmp_path: Path) -> None:
    run = train("fast", data=few, extra=own, out=tmp_path / "run", extra_share=0.2, **SHAPE)
    assert run.results["own"]["held_out"]["accuracy"] > 0.5
    assert "before" not in run.results
    assert (run.results["data"]["extra"], run.results["data"]["train"]) == (417, 1667 + 417)
    assert run.results["command"].endswith(f" --extra {own.resolve()}")


@pytest.fixture(scope="module")
def wary(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two networks that know what is no digit, as one."""
    patch = pytest.MonkeyPatch()
    patch.setattr("digits.training.judging.JUDGED", 100)
    folder = tmp_path_factory.mktemp("runs") / "wary"
    run = train("fast", data=few, out=folder, members=2, sure=0.9, others=200, **SHAPE)
    patch.undo()
    return run


def test_an_ensemble_goes_on_member_by_member_and_keeps_what_it_knows_to_be_no_digit(
    wary: Run, own: Path, few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digits.training.comparison.STRAYS", 100)
    run = train(
        data=few, extra=own, start=wary.folder, out=tmp_path / "run", others=100, **QUICK | {"learning_rate": 1e-6}
    )
    for index, member in enumerate(wary.network.members):
        after, _ = load_network(run.folder / "members" / str(index + 1))
        for name, tensor in member.state_dict().items():
            torch.testing.assert_close(after.state_dict()[name], tensor, atol=1e-4, rtol=0)
            assert not torch.equal(after.state_dict()[name], tensor)
    assert (run.config.members, run.config.sure) == (2, 0.9)
    assert run.results["rejection_threshold"] == wary.results["rejection_threshold"]
    sent = run.results["before"]["no_digits"]
    assert (sent["n"], sent["before"]) == (100, pytest.approx(sent["after"], abs=0.03))
    assert sent["before"] > 0.5
    assert run.results["before"]["sentence"].endswith(
        f"; of what is no digit, {sent['after']:.1%} instead of {sent['before']:.1%} are sent away."
    )
    assert "before" not in load_network(run.folder / "members" / "1")[1]


def test_what_is_no_digit_is_learned_again_only_by_those_that_knew(model: Run, wary: Run) -> None:
    of_model, of_wary = (continued(recipe(PERSONAL), load_start(run.folder)) for run in (model, wary))
    assert (of_model.others, of_wary.others) == (0, recipe(PERSONAL).others)
    assert continued(recipe(PERSONAL).replace(others=7), load_start(model.folder)).others == 7


def test_a_model_file_begins_as_its_run_folder_does(model: Run, own: Path, few: Dataset, tmp_path: Path) -> None:
    runs = [
        train(data=few, extra=own, start=place, out=tmp_path / str(number), **QUICK)
        for number, place in enumerate((model.folder, model.folder / "model.onnx"))
    ]
    assert weights(runs[0].folder) == weights(runs[1].folder)


def test_batch_normalisation_is_measured_before_a_file_goes_on(few: Dataset, tmp_path: Path) -> None:
    run = train("cnn", data=few, out=tmp_path / "cnn", channels=(4, 8), epochs=3, batch_size=50)
    quick = QUICK | {"learning_rate": 1e-7}
    on = train(data=few, start=run.folder / "model.onnx", out=tmp_path / "on", **quick)
    assert on.results["before"]["validation"]["after"] > on.results["before"]["validation"]["before"] - 0.03
    assert on.history[0].train_loss < run.history[-1].train_loss + 0.2, "from its first step on"


def test_another_split_than_the_models_is_told(model: Run, own: Path, few: Dataset, tmp_path: Path) -> None:
    run = train(data=few, extra=own, start=model.folder, out=tmp_path / "run", split_seed=5, **QUICK)
    assert run.results["notices"][1:] == [
        "The network to start from has learned some of the digits held out here: the validation figures flatter."
    ]


def test_a_second_round_says_that_own_digits_were_learned_before(
    personal: Run, own: Path, few: Dataset, tmp_path: Path
) -> None:
    run = train(data=few, extra=own, start=personal.folder, out=tmp_path / "run", **QUICK)
    assert run.results["notices"][1:] == [
        "The network to start from has learned digits of one's own before: where those are held out here, the figure "
        "of own digits held out flatters."
    ]


def of_clothes(few: Dataset) -> Dataset:
    return Dataset("clothes", few.train, few.test, "clothes.npz", {"few": "0123"}, ("shirt", "shoe"))


REFUSED: dict[str, tuple[dict[str, Any], type[DigitsError], str]] = {
    "nothing there": (
        {"start": "runs/none"}, ModelError,
        "there is no model runs/none to start from: name a run folder, a model file, or one that comes with digits: "
        "cnn, mlp",
    ),
    "weights alone": (
        {"start": "{model}/model.safetensors"}, ModelError,
        "{model}/model.safetensors holds weights alone: name its run folder, or the .onnx beside it",
    ),
    "no run": ({"start": "{own}"}, ModelError, "{own} is not a finished run: there is no {own}/config.json; "),
    "not ours": ({"start": "{model}/config.json"}, ModelError, "{model}/config.json is not a model that ONNX "),
    "other widths": (
        {"start": "{model}", "hidden": (64,)}, UsageError,
        "{model} has hidden 32, not 64: what a network is cannot change when it goes on learning; leave out --hidden",
    ),
    "a teacher": (
        {"start": "{model}", "teacher": "cnn"}, UsageError,
        "--from and --teacher exclude each other: a network learns from labels or from a teacher",
    ),
    "nothing to start from": (
        {"config": PERSONAL}, UsageError,
        "the recipe personal goes on with a trained network: name one with --from, as in --from cnn",
    ),
    "a teacher that starts from nothing": (
        {"config": "standard", "teacher": PERSONAL}, UsageError,
        "the recipe personal goes on with a trained network: name one with --from, as in --from cnn",
    ),
    "no own digits": ({"start": "{model}", "extra": "nowhere"}, DigitsError, "nowhere does not exist. "),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_work_is_refused_before_there_is_a_folder(
    what: str, model: Run, own: Path, few: Dataset, tmp_path: Path
) -> None:
    arguments, kind, says = REFUSED[what]
    places = {"model": str(model.folder), "own": str(own)}
    filled = {name: value.format(**places) if isinstance(value, str) else value for name, value in arguments.items()}
    with pytest.raises(kind) as refused:
        train(filled.pop("config", None), data=few, out=tmp_path / "run", **filled)
    assert str(refused.value).startswith(says.format(**places))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"start": True}, "{model} reads 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, but clothes has the classes shirt, shoe: "),
        ({"extra": True}, "the classes of clothes are shirt, shoe: digits of one's own cannot be learned besides; "),
    ],
)
def test_digits_do_not_go_with_other_classes(
    arguments: dict[str, bool], says: str, model: Run, own: Path, few: Dataset, tmp_path: Path
) -> None:
    places = {"start": model.folder, "extra": own}
    with pytest.raises(UsageError) as refused:
        train("fast", data=of_clothes(few), out=tmp_path / "run", **{name: places[name] for name in arguments})
    assert str(refused.value).startswith(says.format(model=model.folder))


def test_a_member_that_is_stopped_stops_the_whole_and_it_can_be_gone_on_with(
    wary: Run, own: Path, few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digits.training.comparison.STRAYS", 50)
    small = QUICK | {"others": 50}
    undisturbed = train(data=few, extra=own, start=wary.folder, out=tmp_path / "whole", **small)
    with pytest.raises(TrainingError, match="stopped while member 2 of 2 was trained"):
        train(data=few, extra=own, start=wary.folder, out=tmp_path / "cut", progress=CtrlC(1.5), **small)
    resumed = resume(tmp_path / "cut", data=few)
    assert weights(resumed.folder) == weights(undisturbed.folder)
