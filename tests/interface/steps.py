# SPDX-License-Identifier: GPL-2.0-only
"""Steps of a program: an ioctl or a message on a vhost-vdpa device, by one of three processes."""

import struct
from dataclasses import dataclass

ACTORS = "abc"  # c is nobody
PAGE = 4096
AREA = 16 * PAGE
SHARED, PRIVATE = 0x10000000, 0x20000000  # of each process, player.c
KERNEL = 0xFFFF800000000000  # an address of no process
EVENT = 10  # the first of four eventfds
NO_FILE = 99

# Each with its number, and how what it points at is laid out: "" points nowhere.
IOCTLS = {
    "SET_OWNER": (0xAF01, ""),
    "RESET_OWNER": (0xAF02, ""),
    "NEW_OWNER": (0xAF27, ""),
    "SUSPEND": (0xAF7D, ""),
    "RESUME": (0xAF7E, ""),
    "SET_FEATURES": (0x4008AF00, "Q"),
    "SET_BACKEND_FEATURES": (0x4008AF25, "Q"),
    "SET_STATUS": (0x4001AF72, "B"),
    "SET_CONFIG_CALL": (0x4004AF77, "i"),
    "SET_VRING_NUM": (0x4008AF10, "II"),
    "SET_VRING_ADDR": (0x4028AF11, "IIQQQQ"),
    "SET_VRING_BASE": (0x4008AF12, "II"),
    "SET_VRING_KICK": (0x4008AF20, "Ii"),
    "SET_VRING_CALL": (0x4008AF21, "Ii"),
    "SET_VRING_ERR": (0x4008AF22, "Ii"),
    "SET_VRING_ENABLE": (0x4008AF75, "II"),
    "SET_GROUP_ASID": (0x4008AF7C, "II"),
    "SET_MEM_TABLE": (0x4008AF03, "II"),
    "SET_LOG_BASE": (0x4008AF04, "Q"),
    "SET_LOG_FD": (0x4004AF07, "i"),
    "SET_CONFIG": (0x4008AF74, "II"),
    "GET_CONFIG": (0x8008AF73, "II"),
    "GET_FEATURES": (0x8008AF00, "Q"),
    "GET_BACKEND_FEATURES": (0x8008AF26, "Q"),
    "GET_STATUS": (0x8001AF71, "B"),
    "GET_DEVICE_ID": (0x8004AF70, "I"),
    "GET_CONFIG_SIZE": (0x8004AF79, "I"),
    "GET_IOVA_RANGE": (0x8010AF78, "QQ"),
    "GET_VQS_COUNT": (0x8004AF80, "I"),
    "GET_GROUP_NUM": (0x8004AF81, "I"),
    "GET_AS_NUM": (0x8004AF7A, "I"),
    "GET_VRING_NUM": (0x8002AF76, "H"),
    "GET_VRING_BASE": (0xC008AF12, "II"),
    "GET_VRING_GROUP": (0xC008AF7B, "II"),
    "GET_VRING_SIZE": (0xC008AF82, "II"),
    "UNKNOWN": (0xAFEE, "II"),
}
V1, V2 = 1, 2  # struct vhost_msg, which has no asid, and struct vhost_msg_v2
WHOLE = 72  # bytes of either
LEAST = 40  # of which these are read
MESSAGES = {"UPDATE": 2, "INVALIDATE": 3, "BATCH_BEGIN": 5, "BATCH_END": 6, "REMAP": 7}
MESSAGES |= {"MISS": 1, "ACCESS_FAIL": 4, "NO_TYPE": 0, "NO_TYPE_ABOVE": 8}  # nobody may send
LOOK = "LOOK"  # all GET_* at once


@dataclass(frozen=True)
class Step:
    """What one process does; ``args`` are the numbers of its structure, () for a null pointer."""

    actor: str
    name: str
    args: tuple[int, ...] = ()
    form: int = V2  # of a message
    length: int = WHOLE  # bytes of it that are written

    def __str__(self) -> str:
        """Spell it for people: ``b: UPDATE asid 0, iova 0x1000, ...``."""
        if self.name in MESSAGES:
            names = ("asid", "iova", "size", "uaddr", "perm")
            said = ", ".join(f"{n} {a:#x}" for n, a in zip(names, self.args, strict=True))
            if (self.form, self.length) != (V2, WHOLE):
                said += f", form {self.form}, {self.length} bytes"
        else:
            said = ", ".join(f"{arg:#x}" for arg in self.args)
            if not said and self.name in IOCTLS and IOCTLS[self.name][1]:
                said = "NULL"
        return f"{self.actor}: {self.name} {said}".rstrip()

    def encoded(self) -> str:
        """Spell it for player.c."""
        if self.name == LOOK:
            return f"{self.actor}f"
        if self.name in MESSAGES:
            numbers = (self.form, self.length, MESSAGES[self.name], *self.args)
            return f"{self.actor}w{','.join(f'{number:x}' for number in numbers)}"
        request, layout = IOCTLS[self.name]
        bytes_ = struct.pack(f"<{layout}", *self.args).hex() if self.args else ""
        return f"{self.actor}i{request:x}" + (f":{bytes_}" if bytes_ else "")


@dataclass(frozen=True)
class Answer:
    """What came of a step."""

    result: int  # 0, or a negated errno
    pinned: tuple[int, ...]  # pages, of each process
    looked: str  # what LOOK saw


Program = tuple[Step, ...]
