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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from digits.errors import ModelError, ModelNotFoundError, TrainingError, UntrustedCodeError
from digits.files import parse_json_object, write_atomically
from digits.inference.metadata import check_metadata
from digits.inference.model import SHIPPED_MODELS, agree, encode_golden, locate_model, open_model
from digits.inference.trial import remember
from digits.options import shorten
from digits.shapes import UInt8
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import copy_apart, open_tensors
from digits.training.engine.networks import make_network, predict_logits
from digits.training.engine.plugins import code_sha256
from digits.training.run.stored import Trust, check_code
from digits.types import MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images

GOLDEN_DIGITS = 4
"""Digits whose logits every load of a model file checks."""


class ExportError(TrainingError):
    """A network that cannot become an ONNX file; its weights are kept all the same."""


def save_weights(network: nn.Module, path: Path, config: TrainConfig, metadata: dict[str, Any]) -> None:
    """Write ``model.safetensors``: the weights, and in its header the configuration and the metadata."""
    # model files are passed on, and paths are private; loading needs that of a network of your own alone
    chosen = {name: getattr(config.optimization, name) for name in ("teacher", "loss", "optimizer")}
    code = code_sha256(config, ("network",))
    config = config.replace(**{name: Path(value).name for name, value in chosen.items()})
    about = {"format": MODEL_FORMAT, **metadata, **({"code_sha256": code} if code else {}), "config": config.to_dict()}
    entry = json.dumps(about)
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


def load_network(
    place: str | os.PathLike[str], *, trust_code: bool = False
) -> tuple[nn.Module, TrainConfig, dict[str, Any]]:
    """Load a trained network.

    Parameters
    ----------
    place
        A run folder, a ``.safetensors`` file written by digits, or the name of a shipped model.
    trust_code
        Whether to run the code of a network of your own, which the file names.

    Returns
    -------
    The network in evaluation mode, how it was trained, and the metadata of its file: network, recipe, data, figures,
    temperature, rejection threshold.

    Raises
    ------
    UsageError
        When the file names code that is not trusted.
    ModelError
        When it is missing or broken, or its code has changed.
    """
    return load_trusted(weights_file(place), Trust(trust_code))


def load_trusted(
    file: Path, trust: Trust, required: Iterable[str] = ()
) -> tuple[nn.Module, TrainConfig, dict[str, Any]]:
    """Load a network as `load_network` does, from its file; `trust` says which code may run."""
    try:
        with open_tensors(file) as opened:
            header = opened.metadata() or {}
            if "digits" not in header:
                raise ValueError("it was not written by digits")
            metadata = parse_json_object(header["digits"])
            check_metadata(metadata, required)
            sha256 = metadata.pop("code_sha256", None)
            config = TrainConfig.from_dict(metadata.pop("config", None))
            check_code(config, file, sha256, trust, ("network",))
            network = make_network(config)
            network.load_state_dict(_read_weights(opened, network))
    except UntrustedCodeError:
        raise
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError(f"the network in {file} cannot be loaded: {error}") from error
    return network.eval(), config, metadata


def _read_weights(opened: Any, network: nn.Module) -> dict[str, Tensor]:
    """Read the tensors of a file, once it is clear that they are those of the network: no more, and no larger."""
    expected = network.state_dict()
    shapes = {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118, not a dict
    for name in sorted(expected.keys() | shapes.keys()):
        needed = list(expected[name].shape) if name in expected else "no such tensor"
        found = shapes.get(name, "missing")
        if needed != found:
            raise ValueError(f"its tensor {shorten(name)} is {found}, but the network that it describes needs {needed}")
    weights = {name: opened.get_tensor(name) for name in expected}
    # its own constants need not be finite: a mask may hold infinities
    learned = [weights[name] for name, _ in network.named_parameters() if name in weights]
    same = all(tensor.dtype == expected[name].dtype for name, tensor in weights.items())
    if not same or not all(tensor.isfinite().all() for tensor in learned):
        raise ValueError("its weights are of another type than the network's, or not finite")
    return weights


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
    findings = []
    # the tracing exporter is deprecated, but starts 20 times faster; the new one takes what it gets wrong
    for exporter in (_trace, _export):
        try:
            content = _add_metadata(exporter(copy.deepcopy(network).cpu().eval()), entry)
            logits = open_model(content, path, is_trusted=True).logits(images)
        except Exception as error:  # the exporters and ONNX Runtime share no base class of errors
            findings.append(str(error).strip().splitlines()[0].replace(str(path), "the graph"))
            continue
        if agree(logits, expected):
            write_atomically(path, content)
            remember(content)
            return
        findings.append(f"its logits differ from PyTorch's by up to {abs(logits - expected).max():.2g}")
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
