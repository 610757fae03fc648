# SPDX-License-Identifier: GPL-2.0-only
"""Write an initramfs as an archive in cpio's format newc.

See Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from collections.abc import Mapping

DIRECTORY, FILE, LINK = 0o040755, 0o100755, 0o120777


def archive(entries: Mapping[str, tuple[int, bytes]]) -> bytes:
    """Return the archive of ``entries``, path: (mode, data), a directory before what it holds.

    The same entries give the same bytes: every time stamp and owner is zero.
    """
    chunks = [
        _entry(number, path, mode, data)
        for number, (path, (mode, data)) in enumerate(entries.items(), 1)
    ]
    return b"".join(chunks) + _entry(0, "TRAILER!!!", 0, b"")


def _entry(inode: int, path: str, mode: int, data: bytes) -> bytes:
    name = path.encode() + b"\0"
    # magic, then ino mode uid gid nlink mtime filesize dev(2) rdev(2) namesize check
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(header + name) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
