"""``digits serve``: the page to draw on, and the REST service."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say, say_modules
from digits.options import option

if TYPE_CHECKING:
    from digits.web.trainings import Trainings

TOKEN_VARIABLE = "DIGITS_TOKEN"
"""Environment variable with the token to require; arguments of a command can be seen by everyone on the computer."""

LAN_NOTE = (
    "Phones and computers on this network: scan the code, or open the address. Whoever has it can use the page until "
    "you stop it, and nobody else can; the code is new at every start. Nothing is encrypted: use a network that you "
    "trust. Corrections work on this computer only."
)
"""What `--lan` opens, and to whom."""

TOKEN = re.compile(r"[\w-]{16,256}", re.ASCII)
"""Tokens long enough not to be guessed, of letters that need no escaping in an address or a header."""


@dataclass(frozen=True)
class _Arguments:
    host: str = option(
        "127.0.0.1", "Address to listen on: 127.0.0.1 serves this computer alone, 0.0.0.0 everybody on the network.",
        metavar="ADDRESS",
    )  # fmt: skip
    port: int | None = option(
        None, "Port to listen on, 0 for any free one. Without it, 8000, or any free one if that is taken."
    )
    model: tuple[Path, ...] = option(
        (), "Model files or run folders to offer besides cnn and mlp; the first becomes the default."
    )
    corrections: Path | None = option(
        None, "Folder for corrections, once you agree to keep them. Without it, one in your user data."
    )
    runs: Path = option(Path("runs"), "Folder for what is trained on the page.")
    name: tuple[str, ...] = option(
        (), "Host names to accept in requests, besides localhost and the addresses of this computer."
    )
    lan: bool = option(
        False, "Let phones and other computers on this network use the page: prints an address with a code that is new "
        "each time, and a QR code to scan; without the code nobody gets in."
    )  # fmt: skip
    token: bool = option(
        False, "Require a token in all calls: a new one, in the printed address, or that of $DIGITS_TOKEN."
    )
    open: bool = option(False, "Open the page in the browser.")


def serve(words: list[str]) -> None:
    """Serve the page to draw and photograph digits, and the REST service.

    The page also explains how digits are read. Needs no torch.
    """
    call = parse(serve, _Arguments, words)
    token = os.environ.get(TOKEN_VARIABLE)
    _check(call, token)
    import secrets

    import platformdirs

    from digits.web import lan
    from digits.web.server import serve as run
    from digits.web.server import warning_of

    new_token = secrets.token_urlsafe(32) if call.token and token is None else None
    host, names, own_address = call.host, call.name, ""
    if call.lan:
        # 64 bits: too many to guess, few enough for a small QR code, and to be typed
        new_token, own_address = secrets.token_hex(8), lan.find_address()
        host, names = lan.EVERY_ADDRESS, (*names, lan.local_name())

    def ready(address: str) -> None:
        # after the #, which browsers send to no server: so it is in no log
        ending = f"/#token={new_token}" if new_token else ""
        if not (token or new_token) and (warning := warning_of(host)):
            remark(f"digits: note: {warning}")
        shared = lan.replace_host(address, own_address) if call.lan else address
        say(f"digits is at {shared}{ending} (Ctrl-C stops it)")
        if call.lan:
            from digits.documents.forms.codes import draw_address

            say_modules(draw_address(shared + ending))
            say(f"{LAN_NOTE}\nOn this computer, open {address}{ending}")
        if call.open:
            import webbrowser

            webbrowser.open(address)

    folder = call.corrections or Path(platformdirs.user_data_dir("digits")) / "corrections"
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to stop it
        run(
            host, call.port, models=call.model, corrections=folder, trainings=_offer_training(call.runs), names=names,
            token=token or new_token, ready=ready,
        )  # fmt: skip


RECIPES = ("fast", "classic", "standard", "cnn", "tiny")
"""Recipes that train one network from MNIST alone, in seconds or minutes."""

OPTIMIZERS = ("muon", "adamw", "adam", "sgd")


def _offer_training(folder: Path) -> Trainings:
    """Describe what the page may train; the recipes need no torch."""
    from digits.training.config import AugmentationConfig
    from digits.training.recipes import get_recipe
    from digits.web.trainings import Offer, Recipe, Trainings

    def describe(name: str) -> Recipe:
        config = get_recipe(name)
        optimization = config.optimization
        rate = optimization.muon_lr if optimization.optimizer == "muon" else optimization.lr
        sizes = config.model.hidden_sizes if config.model.network == "mlp" else config.model.channels
        return Recipe(name, config.model.network, sizes, optimization.optimizer, rate, config.augmentation.is_active)

    usual = {name: value for name, value in vars(AugmentationConfig()).items() if value}
    on, off = (
        tuple(word for name, value in usual.items() for word in (f"--{name}", f"{share * value:g}")) for share in (1, 0)
    )
    return Trainings(folder, Offer(tuple(map(describe, RECIPES)), OPTIMIZERS, (on, off)))


def _check(call: _Arguments, token: str | None) -> None:
    from digits.errors import UsageError

    if token is not None and not TOKEN.fullmatch(token):
        raise UsageError(
            f"${TOKEN_VARIABLE} must have 16 to 256 letters, digits, hyphens or underscores: `openssl rand -hex 16` "
            "makes one"
        )
    if call.lan and call.host != "127.0.0.1":
        raise UsageError("--lan and --host cannot be combined: --lan listens on every address of this computer")
    if call.lan and token is not None:
        raise UsageError(
            f"--lan and ${TOKEN_VARIABLE} cannot be combined: --lan prints a code of its own, and your token is never "
            f"printed; unset ${TOKEN_VARIABLE}, or serve with --host 0.0.0.0"
        )
    if (call.token or call.lan) and call.open:
        raise UsageError(
            f"--{'lan' if call.lan else 'token'} and --open cannot be combined, since everyone on this computer can "
            "see the arguments of the browser: open the printed address"
        )
