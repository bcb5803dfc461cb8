"""The signatures of ``digits``, whose types and shapes are checked at every call while testing.

`jaxtyping.jaxtyped` binds the arguments of each call, for names in shapes such as ``"{n} 28"``, and checks them before
and after it, which takes longer than many a function. ``digits`` has no such names, so that beartype alone checks the
same in half the time; a context of jaxtyping lets the arrays of a call share their sizes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import partial, wraps
from types import FunctionType
from typing import Any, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype

_check_with_jaxtyping = jaxtyping.jaxtyped
_check_with_beartype = beartype(conf=BeartypeConf(violation_type=jaxtyping.TypeCheckError))
_context = jaxtyping.jaxtyped("context")


def check_signatures(package: str) -> None:
    """Check the calls of all functions of a package that is imported from now on."""
    jaxtyping.jaxtyped = _check  # the import hook decorates with it
    jaxtyping.install_import_hook(package, "beartype.beartype")


def _check(decorated: Any = None, *, typechecker: Any) -> Any:
    """Decorate a function or class as `jaxtyping.jaxtyped` does; `typechecker` is beartype."""
    if decorated is None:
        return partial(_check, typechecker=typechecker)
    if is_dataclass(decorated) and "__init__" in vars(decorated):
        decorated.__init__ = _check(decorated.__init__, typechecker=typechecker)
        return decorated
    if type(decorated) is not FunctionType or _runs_later(decorated):
        return _check_with_jaxtyping(decorated, typechecker=typechecker)
    written = decorated.__annotations__
    decorated.__annotations__ = hints = {name: _resolve(hint, decorated) for name, hint in written.items()}
    checked = _check_with_beartype(decorated)
    decorated.__annotations__ = checked.__annotations__ = written
    if not any(map(_has_shape, hints.values())):
        return checked

    @wraps(decorated)
    def call(*arguments: Any, **named: Any) -> Any:
        with _context:
            return checked(*arguments, **named)

    return call


def _runs_later(function: Callable[..., Any]) -> bool:
    """Whether a call only makes a generator or a coroutine: beartype would check also what that gives later."""
    kinds = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return any(is_kind(function) for is_kind in kinds)


def _resolve(hint: Any, function: Callable[..., Any]) -> Any:
    """Evaluate an annotation as jaxtyping does: one whose names are imported for type checkers only means anything."""

    def holder() -> None:
        pass

    holder.__annotations__ = {"value": hint}
    try:
        return get_type_hints(holder, function.__globals__, include_extras=True)["value"]
    except Exception:
        return Any


def _has_shape(hint: Any) -> bool:
    is_array = inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray)
    return is_array or any(map(_has_shape, get_args(hint)))
