"""Files of the Unix program ``compress``, ``.Z``: the algorithm of Welch (1984) with codes of 9 to 16 bits."""

from __future__ import annotations

MAGIC = b"\x1f\x9d"

MIN_BITS, MAX_BITS = 9, 16  # of a code
CLEAR = 256  # the code that empties the table, in files that have one
CODES_PER_GROUP = 8  # codes of one width come in groups, the last of which is padded

HEADER = 3  # bytes: the magic number, and the settings
BITS_SETTING, CLEAR_SETTING = 0x1F, 0x80


def decompress(content: bytes, limit: int) -> bytes:
    """Decompress a whole file, but stop above `limit` bytes.

    Raises
    ------
    ValueError
        The content is not in this format, or broken.
    """
    if len(content) < HEADER or not content.startswith(MAGIC):
        raise ValueError("no file of compress")
    max_bits, clears = content[2] & BITS_SETTING, bool(content[2] & CLEAR_SETTING)
    if not MIN_BITS <= max_bits <= MAX_BITS:
        raise ValueError(f"codes of {max_bits} bits")
    # the code that clears the table has an entry, which nothing refers to
    first = [bytes([value]) for value in range(256)] + [b""] * clears
    table, previous, bits = list(first), b"", MIN_BITS
    position = start = 8 * HEADER  # in bits: of the next code, and of the first code of this width
    pieces, size = [], 0
    while size <= limit:
        if len(table) == 1 << bits and bits < max_bits:
            position = start = _end_of_group(position, start, bits)
            bits += 1
        if position + bits > 8 * len(content):
            break
        at = position >> 3
        code = int.from_bytes(content[at : at + 3], "little") >> (position & 7) & ((1 << bits) - 1)
        position += bits
        if clears and code == CLEAR:
            position = start = _end_of_group(position, start, bits)
            table, previous, bits = list(first), b"", MIN_BITS
            continue
        if code > len(table) or (code == len(table) and not previous):
            raise ValueError(f"code {code} before its entry")
        entry = table[code] if code < len(table) else previous + previous[:1]
        if previous and len(table) < 1 << max_bits:
            table.append(previous + entry[:1])
        pieces.append(entry)
        size += len(entry)
        previous = entry
    return b"".join(pieces)


def _end_of_group(position: int, start: int, bits: int) -> int:
    group = CODES_PER_GROUP * bits
    return start + -(-(position - start) // group) * group
