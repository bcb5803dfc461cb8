"""Array shapes in signatures: ``UInt8[np.ndarray, "n 28 28"]``.

Type checkers and tests, which import jaxtyping first, use its types. For users they are plain arrays, since importing
jaxtyping takes longer than reading a digit.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Float32, Float64, Int64, Integer, Shaped, UInt8, UInt16
else:

    class _Unchecked:
        """Stands for the array's type, whatever its shape."""

        def __class_getitem__(cls, of: tuple[Any, str]) -> Any:
            return of[0]

    Bool = Float = Float32 = Float64 = Int64 = Integer = Shaped = UInt8 = UInt16 = _Unchecked

__all__ = ["Bool", "Float", "Float32", "Float64", "Int64", "Integer", "Shaped", "UInt8", "UInt16"]
