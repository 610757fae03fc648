# SPDX-License-Identifier: GPL-2.0-only
"""Add a CRC to a JSON object and check it: the last key is the CRC-32 of what stands before it."""

import re
import zlib

_SEAL = re.compile(rb',\s*"crc":\s*(\d+)\s*\}\s*$')
_LONGEST = 80  # bytes that a seal can have, with room for white space


def add_crc(text: str) -> str:
    """Return the object with a last key ``crc``: the CRC-32 of the bytes before that key.

    Text of many lines stays that: the new key has the indent of two that json.dumps gave.
    """
    before, after = (",\n  ", "\n}") if text.endswith("\n}") else (", ", "}")
    body = text.removesuffix(after)
    return f'{body}{before}"crc": {zlib.crc32(body.encode())}{after}'


_CHANGED = "it was changed after it was written: its crc"
CRC_GONE = f"{_CHANGED} is gone"


def check_crc(text: bytes) -> bytes:
    """Return the object without its CRC; ValueError if that does not fit.

    An object without one is returned as it is: its format had none, or the caller says CRC_GONE.
    """
    found = _SEAL.search(text, len(text) - _LONGEST)
    if not found:
        return text
    body = text[: found.start()]
    if zlib.crc32(body) != int(found[1]):
        raise ValueError(f"{_CHANGED} does not fit")
    return body + b"}"
