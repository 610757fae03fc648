# SPDX-License-Identifier: GPL-2.0-only
"""Read lines as they come, and no longer than there is patience for."""

import os
import select
import time


class LineReader:
    """Read lines from a pipe or a socket, each within a deadline."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = b""

    def line(self, seconds: float) -> str | None:
        """Return the next line without its end; None when the writer is gone.

        TimeoutError when none is whole within so many seconds. Bytes behind the last
        end of a line are no line: their writer died while it wrote.
        """
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = max(end - time.monotonic(), 0)
            if not select.select([self._fd], [], [], left)[0]:
                raise TimeoutError
            try:
                data = os.read(self._fd, 65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace")
