"""The trained finder that is fine-tuned. Its file holds convolutions into which batch normalizations are folded."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from digits.errors import UsageError
from digits.files import expand_home
from digits.inference.finder.finder import open_finder
from digits.inference.model import FINDER, SHIPPED_FOLDER, read_model
from digits.shapes import UInt8
from digits.synthesis.documents import CHARACTERS
from digits.training.finder.network import FinderNetwork, Step
from digits.training.finder.targets import SIGN_WEIGHT

GROWTH = 4.5
"""By how much a training of the default length lets the norms of weights grow: measured, from 4.2 to 5.1 by layer."""


@dataclass(frozen=True, eq=False)
class InitialFinder:
    """A trained finder.

    Attributes
    ----------
    location
        Where it was found, or the name of the shipped one.
    sha256
        Of its file.
    weights
        Of its convolutions, by their names in `FinderNetwork`.
    """

    location: str
    sha256: str
    weights: dict[str, Tensor] = field(repr=False)


def load_initial(place: str | os.PathLike[str]) -> InitialFinder:
    """Load a finder to fine-tune.

    Parameters
    ----------
    place
        ``"finder"``, the one that comes with the package; an ``.onnx`` file or a run folder of `digits train finder`.

    Raises
    ------
    ModelError
        When it is missing or broken.
    UsageError
        When it finds other characters.
    """
    import onnx

    file, content = read_model(place)
    finder = open_finder(content, file, is_trusted=file.parent == SHIPPED_FOLDER)
    if finder.classes != CHARACTERS:
        raise UsageError(f"{file} finds {finder.classes}; only a finder of {CHARACTERS} can be trained further")
    weights = {
        tensor.name.removeprefix("network.").removesuffix(".half"): torch.tensor(onnx.numpy_helper.to_array(tensor))
        for tensor in onnx.load_model_from_string(content).graph.initializer
    }
    location = FINDER if file.parent == SHIPPED_FOLDER else str(expand_home(place).resolve())
    return InitialFinder(
        location, hashlib.sha256(content).hexdigest(), {name: each.float() for name, each in weights.items()}
    )


@torch.no_grad()
def start_from(network: FinderNetwork, initial: InitialFinder) -> None:
    """Give a network the function that a trained finder has, in evaluation mode, in place; then `calibrate` it.

    Before a normalization, only the direction of a convolution's weights matters, and their norm says how far a
    learning rate turns it: they get the norm that a training leaves them with.

    Parameters
    ----------
    network
        New.
    initial
        The finder.

    Raises
    ------
    UsageError
        When the finder's network is another.
    """
    trained, steps = initial.weights, _steps(network)
    wanted = {"answers.weight": network.answers.weight.shape, "answers.bias": network.answers.weight.shape[:1]}
    for name, step in steps.items():
        shape = _parts(step)[0].weight.shape
        wanted |= {f"{name}.0.weight": shape, f"{name}.0.bias": shape[:1]}
    if {name: weight.shape for name, weight in trained.items()} != wanted:
        raise UsageError(
            f"{initial.location} has another network: give the --channels, --blocks and --width it was trained with"
        )
    network.answers.weight.copy_(trained["answers.weight"])
    network.answers.bias.copy_(trained["answers.bias"])  # type: ignore[union-attr] # a convolution may have no bias
    network.sign_bias.add_(math.log(SIGN_WEIGHT))  # which the file's bias makes good
    for name, step in steps.items():
        convolution, norm = _parts(step)
        weight = trained[f"{name}.0.weight"].to(convolution.weight.device)
        norms = GROWTH * convolution.weight.flatten(1).norm(dim=1).mean()
        scale = norms / weight.flatten(1).norm(dim=1).clamp(min=1e-6)
        convolution.weight.copy_(weight * scale[:, None, None, None])
        norm.weight.copy_(1 / scale)
        norm.bias.copy_(trained[f"{name}.0.bias"])
        norm.running_mean.zero_()  # type: ignore[union-attr] # tracked, as by default
        norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]


@torch.no_grad()
def calibrate(network: FinderNetwork, batches: Sequence[UInt8[Tensor, "b h w"]]) -> None:
    """Let normalizations have the statistics of what convolutions compute from batches of pictures.

    Their scale and shift change so that the network's function, in evaluation mode, stays the same.
    """
    steps = [*_steps(network).values()]
    sums: dict[nn.Module, list[Tensor]] = {step: [] for step in steps}

    def note(step: nn.Module, x: Tensor) -> None:
        sums[step].append(torch.stack((x.mean((0, 2, 3)), x.square().mean((0, 2, 3)))))

    hooks = [
        _parts(step)[1].register_forward_pre_hook(lambda _, inputs, step=step: note(step, inputs[0])) for step in steps
    ]
    network.eval()
    device = network.answers.weight.device
    for pictures in batches:
        network(pictures.to(device))
    for hook in hooks:
        hook.remove()
    for step in steps:
        norm = _parts(step)[1]
        mean, square = torch.stack(sums[step]).mean(0)
        variance = (square - mean**2).clamp(min=0)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]


@torch.no_grad()
def mix_with(network: FinderNetwork, initial: InitialFinder, share: float, mixed: FinderNetwork) -> None:
    """Average the weights of a finder and of the network that was trained from it, as their files hold them.

    On pictures unlike those that were learned, the average is often better than either (Wortsman et al., "Robust
    fine-tuning of zero-shot models", 2022).

    Parameters
    ----------
    network
        Trained.
    initial
        The finder from which it started.
    share
        Of the finder, in the average; 0 to 1.
    mixed
        A new network of the same shape, which gets the average.
    """
    trained = copy.deepcopy(network).cpu().eval()
    trained.sign_bias.sub_(math.log(SIGN_WEIGHT))
    layers: dict[str, nn.Conv2d] = {"answers": trained.answers}
    layers |= {f"{name}.0": fuse_conv_bn_eval(*_parts(step)) for name, step in _steps(trained).items()}
    learned = {f"{name}.{kind}": each for name, layer in layers.items() for kind, each in layer.named_parameters()}
    averaged = {name: torch.lerp(each, initial.weights[name], share) for name, each in learned.items()}
    start_from(mixed, dataclasses.replace(initial, weights=averaged))
    mixed.eval()


def _steps(network: FinderNetwork) -> dict[str, Step]:
    return {name: step for name, step in network.named_modules() if isinstance(step, Step)}


def _parts(step: Step) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    convolution, norm = step[0], step[1]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return convolution, norm
