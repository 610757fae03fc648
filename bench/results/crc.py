# SPDX-License-Identifier: GPL-2.0-only
"""JSON that knows whether it was changed: the last key of an object is a CRC of the rest."""

import re
import zlib

_SEAL = re.compile(r',\s*"crc":\s*(\d+)\s*\}\s*$', re.ASCII)
_LONGEST = 80  # characters that a seal can have, with room for white space


def add_crc(text: str) -> str:
    """An object as text, with the CRC-32 of its bytes up to its last brace.

    Text of many lines stays that: the new key has the indent of two that json.dumps gave.
    """
    before, after = (",\n  ", "\n}") if text.endswith("\n}") else (", ", "}")
    body = text.removesuffix(after)
    return f'{body}{before}"crc": {zlib.crc32(body.encode())}{after}'


def check_crc(text: str) -> str:
    """The object as it was before `add_crc`; ValueError when it is not that any more.

    Text without a CRC is what somebody else wrote, and is taken as it is.
    """
    found = _SEAL.search(text, max(0, len(text) - _LONGEST))
    if not found:
        return text
    body = text[: found.start()]
    if zlib.crc32(body.encode(errors="surrogateescape")) != int(found[1]):
        raise ValueError(
            "it was changed after it was written, its crc says"
            " (whoever did that on purpose has to drop its key 'crc')"
        )
    return body + "}"
