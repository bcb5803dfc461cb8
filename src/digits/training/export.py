"""From a trained network to the two files that outlive it, and back: safetensors for torch, ONNX for everyone else."""

from __future__ import annotations

import copy
import io
import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from digits.errors import ModelError, TrainingError
from digits.files import write_atomically
from digits.inference.model import agree, encode_golden, load_model
from digits.shapes import UInt8
from digits.training.checkpoint import stored_apart
from digits.training.config import TrainConfig
from digits.training.loop import predict
from digits.training.network import make_network
from digits.types import MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images

GOLDEN = 4
"""Digits whose logits every load of the model file checks."""


class ExportError(TrainingError):
    """A network that cannot become a model file; its weights are kept all the same."""


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the network's weights as safetensors, which hold no code."""
    write_atomically(path, safetensors.torch.save(stored_apart(network.state_dict())))


def load_network(run: str | os.PathLike[str]) -> tuple[nn.Module, dict[str, Any]]:
    """Load the trained network of a finished run, and its ``results.json``.

    Raises
    ------
    ModelError
        When the folder holds no finished run.
    """
    folder = Path(run)
    try:
        network = make_network(TrainConfig.from_dict(json.loads((folder / "config.json").read_text())))
        network.load_state_dict(safetensors.torch.load_file(folder / "model.safetensors"))
        results = json.loads((folder / "results.json").read_text())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(
            f"{folder} is not a finished run: there is no {error.filename}; "
            f"`digits train --resume {folder}` finishes one that was cut off"
        ) from error
    except (safetensors.SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the network of {folder} cannot be loaded: {error}") from error
    return network.eval(), results


def export_onnx(network: nn.Module, path: Path, images: Images, metadata: dict[str, Any]) -> None:
    """Write the network as a model file, but only once ONNX Runtime gives the logits that PyTorch gives.

    Parameters
    ----------
    network
        In any mode, on any device; it is exported in evaluation mode.
    path
        Where the ``.onnx`` goes.
    images
        Real digits to compare the two runtimes on; the first few become the file's golden digits.
    metadata
        What the file says of itself beside its format and golden digits; needs ``temperature``.

    Raises
    ------
    ExportError
        When the network cannot be written as ONNX, or ONNX Runtime answers differently.
    """
    device = next(network.parameters()).device
    expected = predict(network, torch.from_numpy(images.copy()).to(device)).cpu().numpy()
    golden = encode_golden(images[:GOLDEN], expected[:GOLDEN])
    entry = json.dumps({"format": MODEL_FORMAT, **metadata, "golden": golden})
    candidate = path.with_name(f".{path.name}.candidate")
    findings = []
    try:
        # the tracing exporter is deprecated, but starts 20 times faster; what it gets wrong is asked of the new one
        for exporter in (_traced, _exported):
            try:
                write_atomically(candidate, _described(exporter(copy.deepcopy(network).cpu().eval()), entry))
                answered = load_model(candidate).logits(images)
            except Exception as error:  # each exporter has errors of its own, and so has ONNX Runtime
                findings.append(str(error).strip().splitlines()[0].replace(str(candidate), "the graph"))
                continue
            if agree(answered, expected):
                candidate.replace(path)
                return
            findings.append(f"its logits differ from PyTorch's by up to {abs(answered - expected).max():.2g}")
    finally:
        candidate.unlink(missing_ok=True)
    raise ExportError(
        f"{path.name} is not written, since ONNX Runtime does not give PyTorch's answers: {'; '.join(findings)}. "
        "model.safetensors has the weights"
    )


def _traced(network: nn.Module) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (_example(),),
            buffer,  # type: ignore[arg-type] # torch takes files, its stub only paths
            dynamo=False,
            input_names=[MODEL_INPUT],
            output_names=[MODEL_OUTPUT],
            dynamic_axes={MODEL_INPUT: {0: "n"}, MODEL_OUTPUT: {0: "n"}},
        )
    return buffer.getvalue()


def _exported(network: nn.Module) -> bytes:
    # it warns of every operator of torchvision when that is not installed
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (_example(),),
            dynamo=True,
            verbose=False,
            input_names=[MODEL_INPUT],
            output_names=[MODEL_OUTPUT],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        )
    assert program is not None, "with no file named, the exporter returns its program"
    return bytes(program.model_proto.SerializeToString())


def _example() -> UInt8[Tensor, "2 28 28"]:
    return torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)


def _described(graph: bytes, entry: str) -> bytes:
    import onnx

    model = onnx.load_model_from_string(graph)
    model.producer_name = "digits"
    onnx.helper.set_model_props(model, {"digits": entry})
    return bytes(model.SerializeToString())
