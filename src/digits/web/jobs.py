"""What a worker process does: it has the models, and answers one picture after the other."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from functools import cache
from multiprocessing import connection, parent_process
from typing import Any

from digits.errors import DigitsError
from digits.inference.steps import trace_digit
from digits.preprocessing.ink import limit_opencv_threads
from digits.web.own import OwnSet
from digits.web.pictures import Sent
from digits.web.refusals import RefusedError
from digits.web.service import Mode, Service, opened_models

_more: tuple[str, ...] = ()
"""Model files and run folders that answer beside those of the package."""


def begin(more: tuple[str, ...]) -> None:
    """Begin a worker: it ends with the process that began it, and by nothing else.

    Parameters
    ----------
    more
        Model files and run folders that answer beside those of the package.
    """
    global _more
    _more = more
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; what was asked is answered first
    limit_opencv_threads()  # a core a worker
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # who sent a broken form is told so
    if parent := parent_process():
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    with contextlib.suppress(DigitsError):  # which every job says again
        _service()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(0)


@cache
def _service() -> Service:
    return Service(opened_models(_more))


def described() -> dict[str, Any]:
    """List the models that answer.

    Raises
    ------
    ModelError
        When one of them cannot be loaded.
    """
    models = _service().models
    return {"default": _service().default, "models": [model.to_dict() for model in models.values()]}


def rest() -> None:
    """Be busy for a moment, so that the next job finds no idle worker, and another one begins."""
    time.sleep(0.02)


def read(sent: Sent, model: str | None, how: Mode) -> dict[str, Any]:
    """Read a picture; the arguments are those of `Service.read`."""
    _service().model(model)
    return _service().read(*sent.decoded(), model, how).to_dict()


def look(sent: Sent, models: tuple[str, ...], how: Mode, focus: int, evidence: bool, preview: bool) -> dict[str, Any]:
    """Read a picture and open up a digit; the arguments are those of `Service.look`."""
    for model in models:
        _service().model(model)
    decoded, name = sent.decoded()
    return _service().look(decoded, name, models, how, focus=focus, evidence=evidence, preview=preview)


def keep(sent: Sent, own: OwnSet, label: int, digit: int, model: str | None, how: Mode) -> dict[str, Any]:
    """Keep a digit of a picture in the own set.

    Raises
    ------
    RefusedError
        422 when there is no such digit in it.
    """
    _service().model(model)
    decoded, name = sent.decoded()
    reading = _service().read(decoded, name, model, how)
    if digit >= len(reading.digits) or not reading.digits[digit].image.any():
        raise RefusedError(422, f"there is no digit {digit} in this picture: {len(reading.digits)} were found")
    found = reading.digits[digit]
    entry = own.keep(found.image, trace_digit(decoded.picture, reading, found).seen, label)
    return {"kept": vars(entry), "read_as": found.value, "count": len(own.entries())}
