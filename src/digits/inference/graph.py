"""The structure of an ONNX file, checked before ONNX Runtime reads it: anybody may have written the file.

Only operators on tensors are allowed: without loops, branches, sequences, random numbers, functions or operators of
other libraries, the sizes of tensors limit the work. A file must also contain everything that it needs. It is parsed
here, as protocol buffers, so that reading digits does not need the library `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterator

_NAMES = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip Cos
    Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu Less
    LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin
    Sinh Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
    Attention Conv ConvInteger ConvTranspose DequantizeLinear DynamicQuantizeLinear Einsum GRU Gemm LSTM MatMul
    MatMulInteger QLinearConv QLinearMatMul QuantizeLinear RNN RotaryEmbedding
    BatchNormalization GroupNormalization InstanceNormalization LRN LayerNormalization LpNormalization
    MeanVarianceNormalization RMSNormalization
    AveragePool GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool
    ArgMax ArgMin CumProd CumSum Hardmax LogSoftmax ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Softmax TopK
    AffineGrid Cast CastLike CenterCropPad Col2Im Concat Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike
    Flatten Gather GatherElements GatherND GridSample Identity NonZero OneHot Pad Range Reshape Resize ReverseSequence
    Scatter ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze Tile Transpose Trilu Unsqueeze
    Upsample
"""
OPERATORS = frozenset(_NAMES.split())
"""The operators that a model may use: those on tensors that PyTorch's exporters write."""

MAX_NODES = 20_000
"""Operators of a graph, at most; an ensemble of a hundred networks has some 4,000."""

MAX_PARTS = 500_000
"""Fields of a file, at most, so that walking through it takes less than a second."""

NAME, METADATA = b"digits", 14

# The fields that each message may have, by number, as in onnx.proto; where the field is a message, its kind.
MODEL = {1: "", 2: "", 3: "", 4: "", 5: "", 6: "", 7: "graph", 8: "", METADATA: "metadata"}
KINDS: dict[str, dict[int, str]] = {
    "model": MODEL,
    "metadata": {1: "", 2: ""},
    "graph": {1: "node", 2: "", 5: "tensor", 10: "", 11: "", 12: "", 13: "", 16: ""},
    "node": {1: "", 2: "", 3: "", 4: "operator", 5: "attribute", 6: "", 7: "domain", 9: ""},
    "attribute": {1: "", 2: "", 3: "", 4: "", 5: "tensor", 7: "", 8: "", 9: "", 13: "", 20: ""},
    "tensor": {1: "", 2: "", 4: "", 5: "", 7: "", 8: "", 9: "", 10: "", 11: "", 12: "", 16: ""},
}
REFUSED = {
    ("model", 20): "training steps", ("model", 25): "functions", ("graph", 14): "quantization notes",
    ("graph", 15): "sparse tensors", ("attribute", 6): "a graph within an operator, as a loop or branch has",
    ("attribute", 11): "graphs within an operator, as a loop or branch has", ("tensor", 6): "texts",
    ("tensor", 13): "weights in another file", ("tensor", 14): "weights in another file",
}  # fmt: skip
"""The content of refused fields, for errors."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def check_graph(content: bytes) -> bytes | None:
    """Check the structure of an ONNX file.

    Returns
    -------
    The metadata that digits has written into it; None if there are none.

    Raises
    ------
    ValueError
        Naming what is wrong, or what digits refuses to run.
    """
    walk = _Walk()
    walk.message("model", memoryview(content))
    if not walk.n_graphs:
        raise ValueError("it holds no graph")
    return walk.metadata


class _Walk:
    """Walk through the messages of a file, and count its fields, operators and graphs."""

    def __init__(self) -> None:
        self.n_parts = self.n_nodes = self.n_graphs = 0
        self.metadata: bytes | None = None

    def message(self, kind: str, content: memoryview) -> None:
        """Check one message and those within it."""
        allowed = KINDS[kind]
        values: dict[int, memoryview] = {}
        for number, value in self.fields(content):
            if number not in allowed:
                found = REFUSED.get((kind, number), f"a part of its {kind} that digits does not know ({number})")
                raise ValueError(f"it has {found}, which no network for digits needs")
            inner = allowed[number]
            if isinstance(value, int):
                if inner:
                    raise ValueError(f"its {inner} is a number")
                continue
            values[number] = value
            if inner in KINDS:
                self.message(inner, value)
            elif inner == "operator" and (name := str(value, "utf-8", "replace")) not in OPERATORS:
                raise ValueError(f"it uses the operator {name[:80]!r}; digits runs operators on tensors, without loops")
            elif inner == "domain" and bytes(value) not in (b"", b"ai.onnx"):
                raise ValueError(f"it uses operators of {str(value, 'utf-8', 'replace')[:80]!r}, not of ONNX itself")
        self.n_nodes += kind == "node"
        self.n_graphs += kind == "graph"
        if self.n_nodes > MAX_NODES:
            raise ValueError(f"it has more than {MAX_NODES:,} operators")
        if kind == "metadata" and bytes(values.get(1, b"")) == NAME:
            self.metadata = bytes(values.get(2, b""))

    def fields(self, content: memoryview) -> Iterator[tuple[int, memoryview | int]]:
        """Yield the number and the content of each field; of plain numbers, 0."""
        place = 0
        while place < len(content):
            self.n_parts += 1
            if self.n_parts > MAX_PARTS:
                raise ValueError(f"it has more than {MAX_PARTS:,} parts")
            tag, place = _read_number(content, place)
            number, kind = tag >> 3, tag & 7
            if kind == BYTES:
                length, place = _read_number(content, place)
                end = place + length
                value: memoryview | int = content[place:end]
            elif kind == VARINT:
                value, end = _read_number(content, place)
            elif kind in (FIXED32, FIXED64):
                value, end = 0, place + (4 if kind == FIXED32 else 8)
            else:
                raise ValueError(f"it is not in ONNX's format at byte {place:,} of a part")
            if end > len(content):
                raise ValueError("it is truncated")
            yield number, value
            place = end


def _read_number(content: memoryview, place: int) -> tuple[int, int]:
    """Read a number of seven bits per byte; return it and the place after it."""
    value = shift = 0
    while True:
        if place >= len(content):
            raise ValueError("it is truncated")
        if shift > 63:
            raise ValueError("it is not in ONNX's format")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
