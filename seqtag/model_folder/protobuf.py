"""Messages of protocol buffers, as far as an ONNX file needs them: https://protobuf.dev/programming-guides/encoding.

A message is a row of fields, each with a number, a kind (how its value is written) and a value.
"""

from collections.abc import Iterator
from typing import Any

NUMBER, BYTES, FOUR_BYTES = 0, 2, 5  # the kinds; others, as eight bytes, no ONNX file of seqtag's has


def fields(message: memoryview) -> Iterator[tuple[int, int, Any, int, int]]:
    """Number, kind and value of each field, and where it begins and ends. A value is a whole number with sign, or the
    bytes.

    Raises:
        ValueError: The bytes are no message, or have a field of another kind.
    """
    at, end = 0, len(message)
    while at < end:
        begin = at
        key = message[at]
        at += 1
        if key >= 0x80:
            key, at = number(message, begin)
        kind = key & 7
        if kind == BYTES:
            if at >= end:
                raise ValueError("it ends within a field")
            size = message[at]
            at += 1
            if size >= 0x80:
                size, at = number(message, at - 1)
        elif kind == NUMBER:
            value, at = signed(message, at)
            yield key >> 3, kind, value, begin, at
            continue
        elif kind == FOUR_BYTES:
            size = 4
        else:
            raise ValueError(f"it has a field of kind {kind}")
        if size > end - at:
            raise ValueError("it ends within a field")
        yield key >> 3, kind, message[at : at + size], begin, at + size
        at += size


def number(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number of up to 64 bits, seven of them a byte, the lowest first; and where it ends.

    Raises:
        ValueError: There is none.
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("it ends within a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, at
    raise ValueError("a number has more than 64 bits")


def signed(message: memoryview, at: int) -> tuple[int, int]:
    """As `number`; the upper half of all numbers stands for those below 0."""
    value, at = number(message, at)
    return value - (1 << 64) if value >= 1 << 63 else value, at


def written(value: int) -> bytes:
    """A number from 0 on, as `number` reads it."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
