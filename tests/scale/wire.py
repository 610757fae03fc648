# SPDX-License-Identifier: GPL-2.0-only
"""Count the bytes that this process writes to its sockets and reads from them."""

from collections import Counter
from typing import Any

from tornado.iostream import IOStream

COUNTED: Counter[str] = Counter()


def count_bytes() -> None:
    """Begin to count, in all streams of this process."""
    write, read = IOStream.write_to_fd, IOStream.read_from_fd

    def counted_write(self: IOStream, data: memoryview) -> int:
        done = write(self, data)
        COUNTED["sent"] += done or 0
        return done

    def counted_read(self: IOStream, buf: bytearray | memoryview) -> int | None:
        done = read(self, buf)
        COUNTED["received"] += done or 0
        return done

    streams: Any = IOStream
    streams.write_to_fd, streams.read_from_fd = counted_write, counted_read
