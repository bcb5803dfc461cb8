"""The two model files of a run, which hold the same weights and the same description, and no code.

``model.safetensors`` is for torch: fine-tuning starts from it. ``model.onnx`` runs everywhere without torch.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from digits.errors import ModelError, ModelNotFoundError, TrainingError
from digits.files import write_atomically
from digits.inference.model import SHIPPED_MODELS, agree, encode_golden, load_model, locate_model
from digits.shapes import UInt8
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import copy_apart
from digits.training.engine.networks import make_network, predict_logits
from digits.types import MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images

GOLDEN_DIGITS = 4
"""Digits whose logits every load of a model file checks."""


class ExportError(TrainingError):
    """A network that cannot become an ONNX file; its weights are kept all the same."""


def save_weights(network: nn.Module, path: Path, config: TrainConfig, metadata: dict[str, Any]) -> None:
    """Write ``model.safetensors``: the weights, and in its header the configuration and the metadata."""
    # model files are passed on, and paths are private; loading needs that of a network of your own alone
    chosen = {name: getattr(config.optimization, name) for name in ("teacher", "loss", "optimizer")}
    config = config.replace(**{name: Path(value).name for name, value in chosen.items()})
    entry = json.dumps({"format": MODEL_FORMAT, **metadata, "config": config.to_dict()})
    tensors = copy_apart(network.state_dict())
    write_atomically(path, safetensors.torch.save(tensors, metadata={"digits": entry}))


def weights_file(place: str | os.PathLike[str]) -> Path:
    """Find the ``.safetensors`` file of a run folder, of a model file, or of a shipped model.

    Raises
    ------
    ModelNotFoundError
        When there is none, with what to do.
    """
    path = locate_model(place)
    if path.is_dir():
        file = path / "model.safetensors"
    else:
        file = path.with_suffix(".safetensors") if path.suffix == ".onnx" else path
    if file.is_file():
        return file
    if path.is_dir():
        raise ModelNotFoundError(
            f"{path} is not a finished run: {file.name} is missing; `digits train --resume {path}` finishes it"
        )
    if path.exists():
        raise ModelNotFoundError(f"training needs the weights of {path}, but {file} is missing: name the run folder")
    raise ModelNotFoundError(
        f"there is no model {os.fspath(place)}: name a run folder, a .safetensors file, or a shipped model: "
        f"{', '.join(SHIPPED_MODELS)}"
    )


def load_network(place: str | os.PathLike[str]) -> tuple[nn.Module, TrainConfig, dict[str, Any]]:
    """Load a trained network.

    Parameters
    ----------
    place
        A run folder, a ``.safetensors`` file written by digits, or the name of a shipped model.

    Returns
    -------
    The network in evaluation mode, how it was trained, and the metadata of its file: network, recipe, data, figures,
    temperature, rejection threshold.

    Raises
    ------
    ModelError
        When it is missing or broken.
    """
    file = weights_file(place)
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
            if "digits" not in header:
                raise ValueError("it was not written by digits")
            metadata = json.loads(header["digits"])
            if metadata["format"] != MODEL_FORMAT:
                found = metadata["format"]
                raise ValueError(f"it has model format {found!r}; this version of digits reads {MODEL_FORMAT}")
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118, not a dict
        config = TrainConfig.from_dict(metadata.pop("config"))
        network = make_network(config)
        network.load_state_dict(weights)
    except (safetensors.SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the network in {file} cannot be loaded: {error}") from error
    return network.eval(), config, metadata


def export_onnx(network: nn.Module, path: Path, images: Images, metadata: dict[str, Any]) -> None:
    """Write the network as an ONNX file, but only once ONNX Runtime returns the logits that PyTorch returns.

    Parameters
    ----------
    network
        In any mode, on any device; it is exported in evaluation mode.
    path
        The ``.onnx`` file to write.
    images
        Digits to compare the two runtimes on; the first few become the file's golden digits.
    metadata
        What the file says of itself beside its format and golden digits; needs ``temperature``.

    Raises
    ------
    ExportError
        When the network cannot be written as ONNX, or ONNX Runtime returns other logits.
    """
    expected = predict_logits(network, images)
    golden = encode_golden(images[:GOLDEN_DIGITS], expected[:GOLDEN_DIGITS])
    entry = json.dumps({"format": MODEL_FORMAT, **metadata, "golden": golden})
    candidate = path.with_name(f".{path.name}.candidate")
    findings = []
    try:
        # the tracing exporter is deprecated, but starts 20 times faster; the new one takes what it gets wrong
        for exporter in (_trace, _export):
            try:
                write_atomically(candidate, _add_metadata(exporter(copy.deepcopy(network).cpu().eval()), entry))
                logits = load_model(candidate).logits(images)
            except Exception as error:  # the exporters and ONNX Runtime share no base class of errors
                findings.append(str(error).strip().splitlines()[0].replace(str(candidate), "the graph"))
                continue
            if agree(logits, expected):
                candidate.replace(path)
                return
            findings.append(f"its logits differ from PyTorch's by up to {abs(logits - expected).max():.2g}")
    finally:
        candidate.unlink(missing_ok=True)
    raise ExportError(
        f"{path.name} is not written, since ONNX Runtime does not return PyTorch's logits: {'; '.join(findings)}. "
        "The weights are in model.safetensors"
    )


def _trace(network: nn.Module) -> bytes:
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


def _export(network: nn.Module) -> bytes:
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


def _add_metadata(graph: bytes, entry: str) -> bytes:
    import onnx

    model = onnx.load_model_from_string(graph)
    model.producer_name = "digits"
    onnx.helper.set_model_props(model, {"digits": entry})
    return bytes(model.SerializeToString())
