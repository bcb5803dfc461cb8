"""Fine-tuning: what it gains, forgets and takes over from the initial model, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.conftest import Interrupt, copy_run, weights, write_corrections

from digits.data import split
from digits.errors import DigitsError, ModelError, TrainingError, UsageError
from digits.inference import load_model
from digits.training import Run, get_recipe, load_network, predict_logits, resume, train
from digits.training.run.initial import adopt, load_initial
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

SHAPE: dict[str, Any] = {"hidden_sizes": (32,), "epochs": 6, "batch_size": 50}
QUICK: dict[str, Any] = {"batch_size": 50, "lr": 3e-3, "replay_size": 800}
LONGER: dict[str, Any] = QUICK | {"epochs": 4, "personal_share": 0.3}


@pytest.fixture(scope="module")
def model(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An initial model that has learned no outliers."""
    return train("fast", data=few, out=tmp_path_factory.mktemp("runs") / "model", split_seed=2, **SHAPE)


@pytest.fixture(scope="module")
def mirrored(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 digits of a person who mirrors them."""
    images = np.ascontiguousarray(mnist.train.images[50_000:50_100, :, ::-1])
    digits = LabelledDigits(images, mnist.train.labels[50_000:50_100])
    return write_corrections(tmp_path_factory.mktemp("mirrored"), digits)


@pytest.fixture(scope="module")
def tuned(model: Run, mirrored: Path, few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "tuned"
    return train(data=few, extra_data=mirrored, initial_model=model.folder, out=folder, **LONGER)


def test_personal_digits_are_gained_and_little_is_forgotten(tuned: Run) -> None:
    before = tuned.results["before"]
    assert before["personal_held_out"]["n"] == 20
    assert before["personal_held_out"]["after"] >= before["personal_held_out"]["before"] + 0.2
    assert before["personal_learned"]["after"] >= before["personal_learned"]["before"] + 0.3
    assert before["validation"]["after"] > before["validation"]["before"] - 0.04


def test_more_is_forgotten_without_replay(tuned: Run, model: Run, mirrored: Path, few: Dataset, tmp_path: Path) -> None:
    # as many steps, nearly all of them on personal digits
    alone = LONGER | {"replay_size": 50, "personal_share": 0.956}
    run = train(data=few, extra_data=mirrored, initial_model=model.folder, out=tmp_path / "run", **alone)
    assert run.results["data"]["train"] == pytest.approx(tuned.results["data"]["train"], rel=0.01)
    assert run.results["before"]["validation"]["after"] < tuned.results["before"]["validation"]["after"] - 0.05


def test_comparison_is_of_the_two_networks(tuned: Run, model: Run, few: Dataset) -> None:
    _, validation = split(few.train, 333, seed=2)
    old, new = (predict_logits(run.network, validation).argmax(1) == validation.labels for run in (model, tuned))
    before = tuned.results["before"]
    newly_right, newly_wrong = int((new & ~old).sum()), int((old & ~new).sum())
    assert before["validation"] == {
        "n": 333, "before": old.mean(), "after": new.mean(), "newly_right": newly_right, "newly_wrong": newly_wrong,
    }  # fmt: skip
    assert before["validation"]["before"] == model.results["validation"]["accuracy"]
    assert before["validation"]["after"] == tuned.results["validation"]["accuracy"]
    assert {name: before[name] for name in ("model", "recipe", "seed", "network")} == {
        "model": str(model.folder), "recipe": "fast", "seed": 0, "network": "784-32-10",
    }  # fmt: skip
    right = [round(20 * before["personal_held_out"][when]) for when in ("after", "before")]
    assert before["sentence"] == (
        f"Gained: {right[0]} instead of {right[1]} of 20 held-out personal digits are right; "
        f"forgotten: {newly_wrong} of 333 validation digits are newly wrong, {newly_right} newly right."
    )


def test_results_describe_the_fine_tuning(tuned: Run, mirrored: Path, model: Run) -> None:
    written = json.loads((tuned.folder / "results.json").read_text())
    assert written == tuned.results
    assert written["personal"] == {
        "location": str(mirrored.resolve()), "sha256": written["personal"]["sha256"],
        "learned": {"n": 80, "accuracy": written["before"]["personal_learned"]["after"]},
        "held_out": {"n": 20, "accuracy": written["before"]["personal_held_out"]["after"]},
    }  # fmt: skip
    assert (written["data"]["personal"], written["data"]["train"]) == (343, 800 + 343)
    assert written["command"].startswith("digits train personal --lr 0.003 --batch-size 50 --epochs 4 ")
    assert written["command"].endswith(f" --extra-data {mirrored.resolve()} --from {model.folder}")
    assert "--hidden-sizes" not in written["command"]
    assert (tuned.config.model.hidden_sizes, tuned.config.data.split_seed) == ((32,), 2)


def test_model_files_name_no_private_place(tuned: Run, mirrored: Path, model: Run) -> None:
    for file in ("model.safetensors", "model.onnx"):
        content = (tuned.folder / file).read_bytes()
        for place in (mirrored, model.folder, tuned.folder):
            assert str(place).encode() not in content


def test_run_folder_is_complete(tuned: Run, few: Dataset) -> None:
    network, config, _ = load_network(tuned.folder)
    assert config == tuned.config
    expected = predict_logits(tuned.network, few.test)
    assert np.array_equal(predict_logits(network, few.test), expected)
    np.testing.assert_allclose(load_model(tuned.folder).logits(few.test.images), expected, atol=1e-3)


def test_seed_decides_the_bits(tuned: Run, model: Run, mirrored: Path, few: Dataset, tmp_path: Path) -> None:
    for seed in (0, 1):
        place = tmp_path / str(seed)
        train(data=few, extra_data=mirrored, initial_model=model.folder, out=place, seed=seed, **LONGER)
        assert (weights(place) == weights(tuned.folder)) == (seed == 0)


@pytest.mark.parametrize("after", [0.3, 1.5])
def test_resumed_run_has_the_same_weights_and_figures(
    after: float, tuned: Run, model: Run, mirrored: Path, few: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "cut"
    cut = Interrupt(after)
    train(data=few, extra_data=mirrored, initial_model=model.folder, out=folder, progress=cut, **LONGER)
    assert weights(folder) != weights(tuned.folder)
    resumed = resume(folder, data=few)
    assert weights(folder) == weights(tuned.folder)
    assert resumed.results | {"seconds": 0} == tuned.results | {"seconds": 0}


@pytest.mark.parametrize(("name", "what"), [("extra_data", "personal data"), ("initial_model", "initial model")])
def test_changed_inputs_are_not_resumed(
    name: str, what: str, tuned: Run, mirrored: Path, model: Run, few: Dataset, tmp_path: Path
) -> None:
    place = {"extra_data": mirrored.resolve(), "initial_model": model.folder}[name]
    folder = copy_run(tuned.folder, tmp_path / "run")
    file = folder / "environment.json"
    changed = {"extra_data": {"images": "0123", "labels": "4567"}, "initial_model": "0123"}[name]
    file.write_text(json.dumps(json.loads(file.read_text()) | {f"{name}_sha256": changed}))
    with pytest.raises(UsageError, match=f"the {what} of {folder} has changed .*: {place}; `digits train`"):
        resume(folder, data=few)


def test_few_personal_digits_are_all_learned(model: Run, mirrored: Path, few: Dataset, tmp_path: Path) -> None:
    for label in ("2", "4"):
        copy_run(mirrored / "train" / label, tmp_path / "few" / label)
    run = train(data=few, extra_data=tmp_path / "few", initial_model=model.folder, out=tmp_path / "run", **QUICK)
    assert "held_out" not in run.results["personal"]
    assert "personal_held_out" not in run.results["before"]
    assert "personal digits it was trained on are right" in run.results["before"]["sentence"]


def test_personal_data_need_no_initial_model(mirrored: Path, few: Dataset, tmp_path: Path) -> None:
    run = train("fast", data=few, extra_data=mirrored, out=tmp_path / "run", personal_share=0.2, **SHAPE)
    assert run.results["personal"]["held_out"]["accuracy"] > 0.5
    assert "before" not in run.results
    assert (run.results["data"]["personal"], run.results["data"]["train"]) == (417, 1667 + 417)
    assert run.results["command"].endswith(f" --extra-data {mirrored.resolve()}")


@pytest.fixture(scope="module")
def rejecting(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An ensemble of two networks that have learned outliers."""
    folder = tmp_path_factory.mktemp("runs") / "rejecting"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("digits.training.run.evaluate.THRESHOLD_IMAGES", 100)
        return train("fast", data=few, out=folder, ensemble_size=2, cascade_threshold=0.9, outliers=200, **SHAPE)


def test_ensemble_is_fine_tuned_member_by_member_and_still_rejects(
    rejecting: Run, mirrored: Path, few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digits.training.run.finetune.COMPARED_OUTLIERS", 100)
    slow = QUICK | {"lr": 1e-6, "outliers": 100}
    run = train(data=few, extra_data=mirrored, initial_model=rejecting.folder, out=tmp_path / "run", **slow)
    for index, member in enumerate(rejecting.network.members):
        after, _, _ = load_network(run.folder / "members" / str(index + 1))
        for name, tensor in member.state_dict().items():
            torch.testing.assert_close(after.state_dict()[name], tensor, atol=1e-4, rtol=0)
            assert not torch.equal(after.state_dict()[name], tensor)
    assert run.config.model == rejecting.config.model
    assert run.results["rejection_threshold"] == rejecting.results["rejection_threshold"]
    before = run.results["before"]
    outliers = before["outliers"]
    assert (outliers["n"], outliers["before"]) == (100, pytest.approx(outliers["after"], abs=0.03))
    assert outliers["before"] > 0.5
    assert before["accepted"]["n"] == 333
    assert before["sentence"].endswith(
        f"; {outliers['after']:.1%} instead of {outliers['before']:.1%} of the non-digits are rejected."
    )
    assert "before" not in json.loads((run.folder / "members" / "1" / "results.json").read_text())


def test_outliers_are_replayed_only_to_those_that_learned_them(model: Run, rejecting: Run) -> None:
    recipe = get_recipe("personal")
    counts = [adopt(recipe, load_initial(run.folder)).data.outliers for run in (model, rejecting)]
    assert counts == [0, recipe.data.outliers]
    assert adopt(recipe.replace(outliers=7), load_initial(model.folder)).data.outliers == 7


def test_convolutional_network_continues_where_it_was(few: Dataset, tmp_path: Path) -> None:
    run = train("cnn", data=few, out=tmp_path / "cnn", channels=(4, 8), epochs=3, batch_size=50)
    tuned = train(data=few, initial_model=run.folder / "model.onnx", out=tmp_path / "run", **QUICK | {"lr": 1e-7})
    assert tuned.results["before"]["validation"]["after"] > tuned.results["before"]["validation"]["before"] - 0.03
    assert tuned.history[0].train_loss < run.history[-1].train_loss + 0.2, "from its first step on"


def test_another_split_than_the_initial_models_is_noticed(
    model: Run, mirrored: Path, few: Dataset, tmp_path: Path
) -> None:
    run = train(data=few, extra_data=mirrored, initial_model=model.folder, out=tmp_path / "run", split_seed=5, **QUICK)
    assert len(run.results["notices"]) == 2
    assert "initial model was trained on some of these validation digits" in run.results["notices"][1]


def test_personal_data_of_an_earlier_round_are_noticed(
    tuned: Run, mirrored: Path, few: Dataset, tmp_path: Path
) -> None:
    run = train(data=few, extra_data=mirrored, initial_model=tuned.folder, out=tmp_path / "run", **QUICK)
    assert len(run.results["notices"]) == 2
    assert "initial model was trained on personal data before" in run.results["notices"][1]


REFUSED: dict[str, tuple[dict[str, Any], type[DigitsError], str]] = {
    "missing model": ({"initial_model": "runs/none"}, ModelError, "no model runs/none: .*: cnn, mlp"),
    "no run": ({"initial_model": "{data}"}, ModelError, "{data} is not a finished run: model.safetensors is missing"),
    "no model file": ({"initial_model": "{model}/config.json"}, ModelError, "{model}/config.json cannot be loaded"),
    "other network": (
        {"initial_model": "{model}", "hidden_sizes": (64,)}, UsageError,
        r"{model} has hidden_sizes \(32,\), not \(64,\): .*leave out --hidden-sizes",
    ),
    "teacher": ({"initial_model": "{model}", "teacher": "cnn"}, UsageError, "--from and --teacher cannot be combined"),
    "no initial model": ({"config": "personal"}, UsageError, "personal fine-tunes a trained network: .*--from cnn"),
    "fine-tuned teacher": ({"config": "standard", "teacher": "personal"}, UsageError, "personal fine-tunes a trained"),
    "missing data": ({"initial_model": "{model}", "extra_data": "nowhere"}, DigitsError, "nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_fine_tuning_is_refused_without_a_folder(
    case: str, model: Run, mirrored: Path, few: Dataset, tmp_path: Path
) -> None:
    arguments, kind, error = REFUSED[case]
    places = {"model": str(model.folder), "data": str(mirrored)}
    filled = {name: value.format(**places) if isinstance(value, str) else value for name, value in arguments.items()}
    with pytest.raises(kind, match=error.format(**places)):
        train(filled.pop("config", None), data=few, out=tmp_path / "run", **filled)
    assert not (tmp_path / "run").exists()


def test_digits_do_not_go_with_other_classes(model: Run, mirrored: Path, few: Dataset, tmp_path: Path) -> None:
    clothes = Dataset("clothes", few.train, few.test, "clothes.npz", {"few": "0123"}, ("shirt", "shoe"))
    for argument, error in (
        ({"initial_model": model.folder}, "reads 0, 1, .* but clothes has the classes shirt, shoe"),
        ({"extra_data": mirrored}, "the classes of clothes are shirt, shoe, .*--extra-data"),
    ):
        with pytest.raises(UsageError, match=error):
            train("fast", data=clothes, out=tmp_path / "run", **argument)


def test_interrupted_member_is_resumed_to_the_same_bits(
    rejecting: Run, mirrored: Path, few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digits.training.run.finetune.COMPARED_OUTLIERS", 50)
    arguments: dict[str, Any] = {"data": few, "extra_data": mirrored, "initial_model": rejecting.folder}
    arguments |= QUICK | {"outliers": 50}
    train(out=tmp_path / "whole", **arguments)
    with pytest.raises(TrainingError, match="interrupted while training member 2 of 2"):
        train(out=tmp_path / "cut", progress=Interrupt(1.5), **arguments)
    resume(tmp_path / "cut", data=few)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
