"""The words for shapes in signatures: ``UInt8[np.ndarray, "n 28 28"]``.

They are jaxtyping's wherever somebody checks by them: a type checker, or the tests, which import jaxtyping first. A
user's process does without: importing it takes longer than reading a digit. There the words mean the array alone.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Float32, Float64, Int64, Integer, Shaped, UInt8
else:

    class _Unchecked:
        """Gives the array's type for any shape of it."""

        def __class_getitem__(cls, of: tuple[Any, str]) -> Any:
            return of[0]

    Bool = Float = Float32 = Float64 = Int64 = Integer = Shaped = UInt8 = _Unchecked

__all__ = ["Bool", "Float", "Float32", "Float64", "Int64", "Integer", "Shaped", "UInt8"]
