"""A folder to upload to the Hugging Face Hub: weights, the ``.onnx`` file, and a model card with the run's figures."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from digits.errors import UsageError
from digits.evaluation.metrics import wilson_interval
from digits.files import write_atomically
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import copy_apart
from digits.training.engine.networks import KINDS
from digits.training.recipes import write_command

SINGLE = "class Network({kind}, PyTorchModelHubMixin): ..."

ENSEMBLE = """\
class Network(Ensemble, PyTorchModelHubMixin):
    def __init__(self, members, cascade_threshold, **settings):
        super().__init__([{kind}(**settings) for _ in range(members)], cascade_threshold)"""

LOADER = """\
from huggingface_hub import PyTorchModelHubMixin

from digits.training import {imports}


{declared}


network = Network.from_pretrained("FOLDER or USER/NAME").eval()"""

ADDED = ("synthetic", "pen_strokes", "simulated_photos", "simulated_captures", "outliers", "personal")
"""What a network may have learned besides the data set."""

CARD = """\
---
{head}
---

# {name}

Reads handwritten digits in pictures of 28 × 28 pixels: {network}, {parameters:,} parameters, trained by
[digits](https://github.com/digits-mnist/digits).

{headline}

| digits | n | accuracy | negative log-likelihood | calibration error |
| --- | --: | --: | --: | --: |
{rows}

{learned}

The same network again:

```sh
{command}
```

## Use it

Without PyTorch, with probabilities that are calibrated:

```python
import digits

model = digits.load_model("model.onnx")
model.predict(images)  # uint8[n, 28, 28], ink bright on 0
```

With PyTorch and `huggingface_hub`:

```python
{loader}
```

`network(images)` takes `uint8[n, 28, 28]` and gives logits; divided by {temperature:.4f}, they give calibrated
probabilities. Pixels are normalized inside the network.

## Limits

Digits 0 to 9 alone: letters are taken for digits. Pictures must look as MNIST's do, with the ink scaled into 20 × 20
and centred in 28 × 28; `digits.read` brings photographs into that form. The accuracy is that on {data}, and lower on
other people's handwriting.
"""


def write_hub_folder(
    network: nn.Module, config: TrainConfig, metadata: dict[str, Any], onnx: bytes, folder: Path
) -> list[Path]:
    """Write ``README.md``, ``config.json``, ``model.safetensors`` and ``model.onnx``.

    Parameters
    ----------
    network
        The trained network.
    config, metadata
        How it was trained, and what its file says of it, as `digits.training.load_network` returns them.
    onnx
        The content of its ``.onnx`` file.
    folder
        Where to write; made if missing.

    Raises
    ------
    UsageError
        When the folder holds something else, or the network is the user's own, which others could not build.
    StorageError
        When it cannot be written to.
    """
    if config.model.network not in KINDS:
        raise UsageError(
            f"the network {config.model.network} is code of your own, which a folder for the Hub does not hold: "
            "export it with --to onnx, and upload that"
        )
    names = ("README.md", "config.json", "model.safetensors", "model.onnx")
    if folder.is_file() or (folder.is_dir() and any(path.name not in names for path in folder.iterdir())):
        raise UsageError(f"{folder} holds something else: name another --out")
    contents = {
        "README.md": write_card(config, metadata).encode(),
        "config.json": (json.dumps(arguments(config), indent=2) + "\n").encode(),
        "model.safetensors": safetensors.torch.save(copy_apart(network.state_dict()), metadata={"format": "pt"}),
        "model.onnx": onnx,
    }
    for name in names:
        write_atomically(folder / name, contents[name])
    return [folder / name for name in names]


def arguments(config: TrainConfig) -> dict[str, Any]:
    """Return the arguments that build the network, which the Hub's mixin reads from ``config.json``."""
    model = config.model
    widths = (
        {"hidden_sizes": list(model.hidden_sizes)} if model.network == "mlp" else {"channels": list(model.channels)}
    )
    built = {**widths, "activation": model.activation, "dropout": model.dropout}
    if model.ensemble_size == 1:
        return built
    return {"members": model.ensemble_size, "cascade_threshold": model.cascade_threshold, **built}


def write_card(config: TrainConfig, metadata: dict[str, Any]) -> str:
    """Write the model card: a head that the Hub reads, with a ``model-index``, and what people want to know."""
    data, test = metadata["data"], metadata.get("test")
    name = f"digits-{config.recipe}"
    parts: dict[str, Any] = {part: metadata[part] for part in ("validation", "test") if part in metadata}
    headline = "Its test digits have not been scored."
    if test:
        low, high = wilson_interval(round(test["accuracy"] * test["n"]), test["n"])
        headline = (
            f"**{100 * test['accuracy']:.2f} %** of the {test['n']:,} test digits of {data['name']} are read correctly "
            f"(95 % interval {100 * low:.2f} to {100 * high:.2f}; one network, seed {metadata['seed']})."
        )
    rows = [
        f"| {part} | {score['n']:,} | {100 * score['accuracy']:.2f} % | {score['nll']:.4f} | {score['ece']:.4f} |"
        for part, score in parts.items()
    ]
    added = [f"{data[key]:,} {key.replace('_', ' ')}" for key in ADDED if data.get(key)]
    learned = ", ".join([f"It learned from {data['train']:,} digits of {data['name']}", *added])
    learned += f", and was chosen by {data['validation']:,} others. The test digits were used once, at the end."
    # JSON is YAML, and needs no library that writes it
    head = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in _head(name, data["name"], parts).items()
    ]
    return CARD.format(
        head="\n".join(head), name=name, network=metadata["network"], parameters=metadata["parameters"],
        headline=headline, rows="\n".join(rows), data=data["name"], learned=textwrap.fill(learned, 110),
        command=write_command(config.replace(teacher=Path(config.optimization.teacher).name)),
        loader=write_loader(config), temperature=metadata["temperature"],
    )  # fmt: skip


def write_loader(config: TrainConfig) -> str:
    """Write the Python that loads the folder with the Hub's mixin."""
    kind = config.model.network.upper()
    is_ensemble = config.model.ensemble_size > 1
    declared = (ENSEMBLE if is_ensemble else SINGLE).format(kind=kind)
    return LOADER.format(imports=f"{kind}, Ensemble" if is_ensemble else kind, declared=declared)


def _head(name: str, data: str, parts: dict[str, Any]) -> dict[str, Any]:
    """Return what the Hub reads: kind, data set, and the scores of each part of it as a ``model-index``."""
    datasets = {"datasets": ["ylecun/mnist"]} if data == "MNIST" else {}
    kind = {"type": "image-classification", "name": "Handwritten digits"}
    results = [
        {
            "task": kind,
            "dataset": {"name": data, "type": "ylecun/mnist" if datasets else data.lower(), "split": part},
            "metrics": [
                {"type": "accuracy", "value": score["accuracy"], "name": f"accuracy, n = {score['n']}"},
                {"type": "nll", "value": score["nll"], "name": "negative log-likelihood"},
                {"type": "ece", "value": score["ece"], "name": "expected calibration error"},
            ],
        }
        for part, score in parts.items()
    ]
    return {
        "library_name": "digits", "pipeline_tag": kind["type"], **datasets,
        "tags": ["digits", "handwriting", "onnx", "pytorch_model_hub_mixin"],
        "model-index": [{"name": name, "results": results}],
    }  # fmt: skip
