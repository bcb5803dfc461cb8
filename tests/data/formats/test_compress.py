"""Files of compress, against gzip, which reads them too."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.data.formats.compress import decompress

LIMIT = 1 << 20


def compress(content: bytes, max_bits: int = 16, clear_after: int | None = None) -> bytes:
    """Write the format as its description has it; `clear_after` so many codes, empty the table."""
    codes: list[tuple[int, int]] = []  # code and bits
    out = bytearray(b"\x1f\x9d" + bytes([0x80 | max_bits]))
    table, bits, buffer, filled, in_group = {bytes([v]): v for v in range(256)}, 9, 0, 0, 0

    def write(code: int) -> None:
        nonlocal buffer, filled, in_group
        codes.append((code, bits))
        buffer |= code << filled
        filled += bits
        in_group = (in_group + 1) % 8
        while filled >= 8:
            out.append(buffer & 255)
            buffer >>= 8
            filled -= 8

    def end_group() -> None:
        while in_group:
            write(0)

    word, next_code = b"", 257
    for value in content:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        write(table[word])
        if next_code >= 1 << bits and bits < max_bits:
            end_group()
            bits += 1
        if clear_after and len(codes) > clear_after:
            codes.clear()
            write(256)
            end_group()
            table, bits, next_code = {bytes([v]): v for v in range(256)}, 9, 256
        if next_code < 1 << max_bits:
            if next_code > 256:
                table[longer] = next_code
            next_code += 1
        word = bytes([value])
    if word:
        write(table[word])
    if filled:
        out.append(buffer & 255)
    return bytes(out)


def texts() -> st.SearchStrategy[bytes]:
    """Contents that repeat themselves, and others."""
    pieces = st.lists(st.sampled_from([b" 267  333\n", b".PEN_DOWN\n", b"aaaa", b"\x00", b"xyz"]), max_size=300)
    return st.one_of(st.binary(max_size=300), pieces.map(b"".join))


@given(texts(), st.sampled_from([9, 10, 12, 16]))
def test_content_is_read_back(content: bytes, max_bits: int) -> None:
    assert decompress(compress(content, max_bits), LIMIT) == content


@pytest.mark.parametrize("clear_after", [None, 300, 2000])
@pytest.mark.parametrize("max_bits", [10, 12, 16])
def test_gzip_reads_the_same(max_bits: int, clear_after: int | None) -> None:
    rng = random.Random(max_bits)
    content = bytes(rng.choice(b"0123456789 \n") for _ in range(60_000))
    packed = compress(content, max_bits, clear_after)
    assert decompress(packed, LIMIT) == content
    gzip = shutil.which("gzip")
    if not gzip:
        pytest.skip("gzip, the second reader, is not installed")
    assert subprocess.run([gzip, "-dc"], input=packed, capture_output=True, check=True).stdout == content


def test_decompressing_stops_soon_after_the_limit() -> None:
    packed = compress(b"a" * 1_000_000)
    assert 1000 < len(decompress(packed, 1000)) < 3000


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x9d", b"\x1f\x8b\x90abc", b"\x1f\x9d\x88abc", b"\x1f\x9d\x91abc", b"\x1f\x9d\x90\xff\xff\xff"],
)
def test_broken_files_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"no file of compress|codes of \d+ bits|before its entry"):
        decompress(content, LIMIT)


@given(st.binary(max_size=60))
def test_any_bytes_give_bytes_or_a_value_error(tail: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(decompress(b"\x1f\x9d\x90" + tail, LIMIT), bytes)
