"""A network as a program of `torch.export`: for torch alone, without the code that built it."""

from __future__ import annotations

import copy
import io
import json
import math
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from digits.errors import ModelError, UntrustedCodeError
from digits.files import parse_json_object
from digits.inference.metadata import check_metadata
from digits.inference.model import agree
from digits.shapes import Float32, UInt8
from digits.training.engine.networks import Ensemble, predict_logits
from digits.training.run.export import ExportError
from digits.types import MODEL_FORMAT, SIDE, Images, Logits


class _Whole(nn.Module):
    """An ensemble that always asks all its members, and answers as the one that does not.

    A program of `torch.export` cannot ask some members about some digits only.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        self.members, self.cascade_threshold = ensemble.members, ensemble.cascade_threshold

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 10"]:
        """Return what the ensemble returns."""
        answers = torch.stack([member(images).float().log_softmax(1) for member in self.members])
        mean = answers.logsumexp(0) - math.log(len(self.members))
        is_final = answers[0].amax(1, keepdim=True) >= math.log(self.cascade_threshold)
        return torch.where(is_final, answers[0], mean)


def export_program(network: nn.Module, metadata: dict[str, Any], images: Images) -> bytes:
    """Return the content of a ``.pt2`` file, once its program returns the logits that the network returns.

    Parameters
    ----------
    network
        The network, in any mode.
    metadata
        What the file says of itself, as an extra file ``digits`` in it.
    images
        Digits to compare both on.

    Raises
    ------
    ExportError
        When torch cannot export the network, or its program returns other logits.
    """
    network = copy.deepcopy(network).cpu().eval()
    is_cascade = isinstance(network, Ensemble) and network.cascade_threshold < 1
    exported = _Whole(network) if is_cascade and isinstance(network, Ensemble) else network
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(
                exported.eval(), (torch.zeros(2, SIDE, SIDE, dtype=torch.uint8),),
                dynamic_shapes=({0: torch.export.Dim("n")},),
            )  # fmt: skip
            content = io.BytesIO()
            torch.export.save(program, content, extra_files={"digits": json.dumps({"format": MODEL_FORMAT} | metadata)})
            logits = _run(_open(content)[0], images)
    except Exception as error:  # the exporter's errors share no base class
        reason = str(error).strip().splitlines()[0]
        raise ExportError(f"torch.export cannot export this network: {reason}") from error
    if not agree(logits, predict_logits(network, images)):
        raise ExportError("torch.export returned a program with other logits than the network's")
    return content.getvalue()


def load_program(path: Path, *, trust_code: bool = False) -> Any:
    """Load a ``.pt2`` file that digits wrote.

    Returns
    -------
    An object with ``logits(images)`` and ``metadata``, as `digits.evaluate` takes it.

    Raises
    ------
    UntrustedCodeError
        Without `trust_code`: torch may run what is in such a file.
    ModelError
        When it is missing or broken.
    """
    if not trust_code:
        raise UntrustedCodeError(
            f"{path} is a program that torch runs: --trust-code runs it; load only files you trust"
        )
    try:
        module, text = _open(io.BytesIO(path.read_bytes()))
        metadata = parse_json_object(text)
        check_metadata(metadata)
    except Exception as error:  # torch's loader has no base class of errors
        raise ModelError(f"{path} is not a program that digits exported: {str(error).splitlines()[0]}") from error
    return SimpleNamespace(metadata=metadata, logits=lambda images: _run(module, images))


def _open(content: io.BytesIO) -> tuple[nn.Module, str]:
    content.seek(0)
    extra = {"digits": ""}
    program = torch.export.load(content, extra_files=extra)
    return program.module(), extra["digits"]


def _run(module: nn.Module, images: Images) -> Logits:
    with torch.no_grad():
        parts = [module(batch) for batch in torch.from_numpy(images.copy()).split(1000)]
    logits: Logits = torch.cat(parts).numpy()
    return logits
