"""Pickles of NumPy arrays, such as ``mnist.pkl.gz``, read without unpickling: no code that a file names is ever run.

A pickle is a program for a stack machine. This one knows only instructions that build tuples, lists, dictionaries,
numbers, text, bytes and arrays of numbers; any other name of a class or function is refused. The instructions are
those of Python's module pickletools, and the states of arrays those of ``numpy.ndarray.__reduce__``.
"""

from __future__ import annotations

import gzip
import io
import pickletools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, describe_web_page, unreadable
from digits.data.formats.arrays import dataset_of, images_of
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import RawDataset
from digits.errors import DataError
from digits.files import open_file

MAGICS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

MAX_INSTRUCTIONS = 1_000_000
"""Of a pickle, which takes some fifty per array; labels may be lists of numbers."""

MAX_LEVELS = 5
"""Of tuples and dictionaries in each other: ``mnist.pkl`` has two."""

NAMES = {
    **dict.fromkeys((f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core")), "new array"),
    **dict.fromkeys((f"numpy.{core}.numeric _frombuffer" for core in ("core", "_core")), "array"),
    "numpy ndarray": "array class",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
}
"""The only names that a pickle may use, and what this module makes of them."""

DTYPE = re.compile(r"[biuf][1248]|b1")

ADVICE = "Save plain arrays with numpy.savez."

_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NEW = {"EMPTY_LIST": list, "EMPTY_DICT": dict}


class _UnknownError(Exception):
    """The pickle is no valid program, or builds anything else than arrays."""


@dataclass(eq=False)
class _Name:
    """What stands for a class or function of `NAMES`."""

    meaning: str


@dataclass(eq=False)
class _Dtype:
    code: str
    order: str = "="


@dataclass(eq=False)
class _Array:
    values: NDArray[Any] | None = None


def read_pickle(path: Path) -> RawDataset:
    """Read a labelled dataset from a pickle of arrays, gzipped or not.

    Raises
    ------
    DataError
        The file is no pickle, damaged, larger than `max_array_bytes` unpacked, or holds anything else than arrays.
    """
    return dataset_of(load_arrays(path), path)


def read_pickle_images(path: Path) -> NDArray[Any]:
    """Read the images to classify, which `images_of` chooses; errors as in `read_pickle`."""
    return images_of(load_arrays(path), path)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Load the arrays of a pickle under the names that their places give them; errors as in `read_pickle`."""
    content = _read(path)
    if problem := describe_web_page(content[:4096]) if content else "is empty":
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
    try:
        arrays = dict(_name_arrays(_run(path, content)))
    except _UnknownError as error:
        raise DataError(f"{path} holds something else than arrays of numbers: {error}. {ADVICE}") from None
    except DataError:
        raise
    except Exception as error:  # damage raises ValueError, IndexError, KeyError, AttributeError …
        reason = str(error)[:200]
        raise DataError(f"{path} is damaged or no pickle: it does not load ({reason}). {DOWNLOAD_AGAIN}") from None
    return arrays


def _read(path: Path) -> bytes:
    limit = max_array_bytes()
    try:
        with open_file(path) as file:
            if file.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    content = unpacked.read(limit + 1)
            else:
                content = file.read(limit + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged: its gzip stream does not decode ({error}). {DOWNLOAD_AGAIN}") from None
    except OSError as error:
        raise unreadable(path, error) from None
    if len(content) > limit:
        raise DataError(f"{path} is too large: on this machine, the limit is {limit:,} bytes unpacked. {ADVICE}")
    return content


def _run(path: Path, content: bytes) -> Any:
    """Run the instructions, and give the value that is left at the end."""
    stack: list[Any] = []
    marks: list[list[Any]] = []  # the stacks below each mark
    memo: dict[int, Any] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(io.BytesIO(content))):
        name = opcode.name
        if count > MAX_INSTRUCTIONS:
            raise _UnknownError(f"it has over {MAX_INSTRUCTIONS:,} instructions")
        if name in ("PROTO", "FRAME"):
            continue
        if name == "STOP":
            return stack.pop()
        if name == "MARK":
            marks.append(stack)
            stack = []
        elif name in ("TUPLE", "LIST", "DICT"):
            items, stack = stack, marks.pop()
            kinds: dict[str, Any] = {"TUPLE": tuple, "LIST": list, "DICT": _pairs}
            stack.append(kinds[name](items))
        elif name in ("APPENDS", "SETITEMS"):
            items, stack = stack, marks.pop()
            if name == "APPENDS":
                _check(stack[-1], list).extend(items)
            else:
                _check(stack[-1], dict).update(_pairs(items))
        elif name == "APPEND":
            item = stack.pop()
            _check(stack[-1], list).append(item)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _check(stack[-1], dict)[_check(key, str)] = value
        elif name in _TUPLES:
            start = len(stack) - _TUPLES[name]
            stack[start:] = [tuple(stack[start:])]
        elif name in _NEW:
            stack.append(_NEW[name]())
        elif name in _VALUES:
            stack.append(_VALUES[name])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            if name == "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                argument = f"{module} {attribute}"
            if argument not in NAMES:
                called = str(argument)[:100].replace(" ", ".")
                raise DataError(f"{path} names {called}, which could run any code when loaded. {ADVICE}")
            stack.append(_Name(NAMES[argument]))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_call(_check(function, _Name).meaning, _check(arguments, tuple)))
        elif name == "BUILD":
            state = _check(stack.pop(), tuple)
            _set_state(stack[-1], state)
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name.endswith("PUT"):
            memo[_check(argument, int)] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[_check(argument, int)])
        elif isinstance(argument, int | float | str | bytes | bytearray):
            stack.append(argument)
        else:
            raise _UnknownError(f"the instruction {name}")
    raise _UnknownError("it does not end")


def _check(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise _UnknownError(
            f"a {type(value).__name__.strip('_').lower()} in place of a {kind.__name__.strip('_').lower()}"
        )
    return value


def _pairs(items: list[Any]) -> dict[str, Any]:
    return {_check(key, str): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _call(meaning: str, arguments: tuple[Any, ...]) -> Any:
    if meaning == "dtype":
        code = arguments[0]
        code = code.decode("latin-1") if isinstance(code, bytes) else _check(code, str)
        if not DTYPE.fullmatch(code):
            raise _UnknownError(f"an array of type {code[:20]!r}")
        return _Dtype(code)
    if meaning == "new array":
        return _Array()
    if meaning == "array":
        content, dtype, shape, order = arguments
        return _Array(_make_array(content, dtype, shape, is_fortran=order == "F"))
    if meaning == "encode" and arguments[1:] == ("latin1",):
        return _check(arguments[0], str).encode("latin-1")
    raise _UnknownError(f"a call of {meaning}")


def _set_state(target: Any, state: tuple[Any, ...]) -> None:
    if isinstance(target, _Dtype):
        order = state[1]
        order = order.decode("latin-1") if isinstance(order, bytes) else _check(order, str)
        if order not in ("<", ">", "=", "|"):
            raise _UnknownError("a type of numbers in no known order")
        target.order = order
        return
    _, shape, dtype, is_fortran, content = state
    _check(target, _Array).values = _make_array(content, dtype, shape, is_fortran=bool(is_fortran))


def _make_array(content: Any, dtype: Any, shape: Any, *, is_fortran: bool) -> NDArray[Any]:
    # Python 2 has no bytes apart from text
    content = content.encode("latin-1") if isinstance(content, str) else content
    if not isinstance(content, bytes | bytearray) or not isinstance(dtype, _Dtype):
        raise _UnknownError("an array of objects")
    values = np.frombuffer(content, np.dtype(f"{dtype.order}{dtype.code}"))
    return values.reshape(_check(shape, tuple), order="F" if is_fortran else "C")


def _name_arrays(tree: Any, levels: int = MAX_LEVELS) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name arrays after their keys, or after their usual places: images before labels; train, validation, test."""
    if isinstance(tree, list | tuple):
        names: tuple[str, ...] = ()
        if all(isinstance(part, list | tuple | dict) and not _is_numbers(part) for part in tree):
            names = {2: ("train", "test"), 3: ("train", "validation", "test")}.get(len(tree), ())
        elif len(tree) in (2, 4):
            names = ("x_train", "y_train", "x_test", "y_test") if len(tree) == 4 else ("images", "labels")
        if not names:
            raise _UnknownError(f"{len(tree):,} values without names")
        tree = dict(zip(names, tree, strict=True))
    if not isinstance(tree, dict) or not levels:
        raise _UnknownError("no pairs of images and labels")
    for name, value in tree.items():
        if isinstance(value, _Array) and value.values is not None:
            yield name, value.values
        elif _is_numbers(value):
            yield name, np.array(value)
        elif isinstance(value, dict | list | tuple):
            # images and labels of a fold
            yield from ((f"{name}_{inner}", array) for inner, array in _name_arrays(value, levels - 1))


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(each) is int for each in value)
