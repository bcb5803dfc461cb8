"""From a trained network to the two files that outlive it: safetensors for torch, ONNX for everyone else."""

from __future__ import annotations

import copy
import io
import json
import warnings
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from digits.inference.model import agree, encode_golden, load_model
from digits.spec import MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images, TrainingError, write_whole
from digits.training.loop import predict


class ExportError(TrainingError):
    """A network that cannot become a model file; its weights are kept all the same."""


GOLDEN = 4
"""Digits whose logits every load of the model file checks."""


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the network's weights as safetensors, which hold no code."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_whole(path, safetensors.torch.save(weights))


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
    import onnx

    network = network.eval()
    device = next(network.parameters()).device
    expected = predict(network, torch.from_numpy(images.copy()).to(device)).cpu().numpy()
    golden = encode_golden(images[:GOLDEN], expected[:GOLDEN])
    model = onnx.load_model_from_string(_graph(network))
    model.producer_name = "digits"
    entry = {"format": MODEL_FORMAT, **metadata, "golden": golden}
    onnx.helper.set_model_props(model, {"digits": json.dumps(entry)})
    candidate = path.with_name(f".{path.name}.candidate")
    try:
        write_whole(candidate, model.SerializeToString())
        answered = load_model(candidate).logits(images)
        if not agree(answered, expected):
            raise ExportError(
                f"{path} is not written: ONNX Runtime's logits differ from PyTorch's by up to "
                f"{abs(answered - expected).max():.2g} on {len(images)} digits; model.safetensors has the weights"
            )
        candidate.replace(path)
    finally:
        candidate.unlink(missing_ok=True)


def _graph(network: nn.Module) -> bytes:
    """Serialise the network through torch's own exporters."""
    network = copy.deepcopy(network).cpu()
    example = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    buffer = io.BytesIO()
    names: dict[str, Any] = {"input_names": [MODEL_INPUT], "output_names": [MODEL_OUTPUT]}
    axes = {MODEL_INPUT: {0: "n"}, MODEL_OUTPUT: {0: "n"}}
    with warnings.catch_warnings():
        # the tracing exporter is deprecated but starts 20 times faster; where it fails the new one is asked
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(network, (example,), buffer, dynamo=False, dynamic_axes=axes, **names)  # type: ignore[arg-type]
        except Exception as tracing_error:
            try:
                program = torch.onnx.export(network, (example,), dynamo=True, dynamic_shapes=({0: "n"},), **names)
                assert program is not None, "with no file named, the exporter returns its program"
                buffer = io.BytesIO(program.model_proto.SerializeToString())
            except Exception as error:
                raise ExportError(
                    f"this network cannot be written as ONNX: {tracing_error}; model.safetensors has its weights"
                ) from error
    return buffer.getvalue()
