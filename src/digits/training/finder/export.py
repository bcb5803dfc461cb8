"""A trained finder as a model file: weights of 16 bits; normalization, probabilities and peaks are within the graph."""

from __future__ import annotations

import copy
import io
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from digits.errors import ModelError
from digits.files import write_atomically
from digits.inference.finder.finder import FINDER_FORMAT, FINDER_INPUT, TOLERANCE, encode_golden, open_finder
from digits.inference.finder.outputs import MULTIPLE
from digits.inference.trial import remember
from digits.shapes import Float32, UInt8
from digits.training.finder.network import FinderNetwork, Step
from digits.training.finder.targets import SIGN_WEIGHT
from digits.training.run.export import ExportError

GOLDEN_SIDE = 64
"""Of the picture by which every load checks the weights, in pixels."""

MIN_HALVED = 100
"""Numbers in a tensor from which on 16 bits save space."""


class ExportedFinder(nn.Module):
    """A finder in evaluation mode, whose outputs are those of `digits.inference.finder.outputs`.

    Convolutions and batch normalizations are one, and their weights are rounded to 16 bits, which are what the file
    holds. A network whose loss counts signs more takes too much for a sign, by `SIGN_WEIGHT` in odds, which the bias
    makes good.
    """

    def __init__(self, network: FinderNetwork) -> None:
        super().__init__()
        self.network = _fuse(copy.deepcopy(network).cpu().float().eval())
        with torch.no_grad():
            self.network.sign_bias.sub_(math.log(SIGN_WEIGHT))
            for weight in self.network.parameters():
                if weight.numel() >= MIN_HALVED:
                    weight.copy_(weight.half())

    def forward(self, pictures: UInt8[Tensor, "b h w"]) -> tuple[Float32[Tensor, "b _c _h _w"], ...]:
        """Compute the outputs."""
        maps = self.network(pictures)
        centres = maps["centres"].sigmoid()
        best = centres.amax(1, keepdim=True)
        peaks = centres * (best == F.max_pool2d(best, 3, 1, 1))
        changed = {"centres": peaks, "small": maps["small"].sigmoid(), "classes": maps["classes"].log_softmax(1)}
        return tuple((maps | changed).values())


def export_finder(
    network: FinderNetwork, path: Path, picture: UInt8[np.ndarray, "h w"], metadata: dict[str, Any]
) -> None:
    """Write a finder as an ONNX file, but only once ONNX Runtime returns what PyTorch returns.

    Parameters
    ----------
    network
        In any mode, on any device.
    path
        The ``.onnx`` file to write.
    picture
        Whose outputs are compared; its corner becomes the file's self-check. Its sides are multiples of 32, and 64 or
        more.
    metadata
        What the file says of itself beside its format and self-check; needs ``classes``.

    Raises
    ------
    ExportError
        When the network cannot be written as ONNX, or ONNX Runtime returns something else.
    """
    exported = ExportedFinder(network)
    golden = np.ascontiguousarray(picture[:GOLDEN_SIDE, :GOLDEN_SIDE])
    about = {
        "kind": "finder", "format": FINDER_FORMAT, **metadata,
        "golden": encode_golden(golden, _answer(exported, golden)["centres"]),
    }  # fmt: skip
    try:
        content = _finish(_trace(exported), json.dumps(about))
        found = open_finder(content, path, is_trusted=True).run(picture)
    except (RuntimeError, ValueError, ModelError) as error:
        raise ExportError(f"{path.name} is not written: {str(error).splitlines()[0]}") from error
    expected = _answer(exported, picture)
    # which of two equal cells is the peak may differ
    wrong = {name: float(np.quantile(abs(found[name] - expected[name]), 0.999)) for name in expected}
    if max(wrong.values()) > TOLERANCE:
        name = max(wrong, key=wrong.__getitem__)
        raise ExportError(
            f"{path.name} is not written: ONNX Runtime's {name} differ from PyTorch's by {wrong[name]:.2g}"
        )
    write_atomically(path, content)
    remember(content)


def _answer(exported: ExportedFinder, picture: UInt8[np.ndarray, "h w"]) -> dict[str, Float32[np.ndarray, "_c _h _w"]]:
    with torch.inference_mode():
        answers = exported(torch.from_numpy(picture.copy())[None])
    return {name: values[0].numpy() for name, values in zip(exported.network.heads, answers, strict=True)}


def _fuse(network: FinderNetwork) -> FinderNetwork:
    """Replace each convolution with batch normalization by one that does the same."""
    for step in network.modules():
        if isinstance(step, Step):
            step[0] = fuse_conv_bn_eval(step[0], step[1])  # type: ignore[arg-type, type-var]
            step[1] = nn.Identity()
    return network


def _trace(exported: ExportedFinder) -> bytes:
    names = list(exported.network.heads)
    axes = {0: "n", 2: "rows", 3: "columns"}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            exported,
            (torch.zeros(2, 2 * MULTIPLE, 3 * MULTIPLE, dtype=torch.uint8),),
            buffer,  # type: ignore[arg-type] # torch takes files, its stub only paths
            dynamo=False,
            input_names=[FINDER_INPUT],
            output_names=names,
            dynamic_axes={FINDER_INPUT: {0: "n", 1: "height", 2: "width"}, **dict.fromkeys(names, axes)},
        )
    return buffer.getvalue()


def _finish(graph: bytes, entry: str) -> bytes:
    """Store large tensors in 16 bits, which the runtime widens once when it loads them, and add the metadata."""
    import onnx

    model = onnx.load_model_from_string(graph)
    model.producer_name = "digits"
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= MIN_HALVED:
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.helper.set_model_props(model, {"digits": entry})
    return bytes(model.SerializeToString())
