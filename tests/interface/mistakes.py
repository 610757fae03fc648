# SPDX-License-Identifier: GPL-2.0-only
"""Calls and messages that are wrong, each in one way; or odd, and answered all the same."""

from tests.interface.steps import IOCTLS, KERNEL, LEAST, NO_FILE, PAGE, SHARED, V1, WHOLE, Step

_SIZE = 3 * PAGE
_TOP = (1 << 64) - PAGE
_NO_QUEUE = 99

_ARGUMENTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "SET_BACKEND_FEATURES": ((0,), (1,), (1 << 11,), (1 << 63,), ((1 << 64) - 1,)),
    "SET_FEATURES": ((0,),),
    "SET_CONFIG_CALL": ((NO_FILE,), (0,)),
    "SET_CONFIG": ((0, 0), (1 << 20, 1), (0, 1 << 20), (8, 0xFFFFFFFF)),
    "GET_CONFIG": ((0, 0), (1 << 20, 1), (0, 1 << 20), (8, 0xFFFFFFFF)),
    "SET_VRING_NUM": ((_NO_QUEUE, 256), (0, 0), (0, 3), (0, 512), (0, 1 << 17)),
    "SET_VRING_BASE": ((_NO_QUEUE, 0), (0, 1 << 16), (0, 0xFFFFFFFF)),
    "SET_VRING_ENABLE": ((_NO_QUEUE, 1),),
    "SET_VRING_KICK": ((_NO_QUEUE, -1), (0, NO_FILE), (0, 0), (0, -2)),
    "SET_VRING_CALL": ((_NO_QUEUE, -1), (0, NO_FILE), (0, 0), (0, -2)),
    "SET_VRING_ERR": ((_NO_QUEUE, -1), (0, NO_FILE), (0, 0), (0, -2)),
    "SET_VRING_ADDR": (
        (_NO_QUEUE, 0, 0, 0, 0, 0),
        (0, 2, 0, 0, 0, 0),
        (0, 0, 0, 2, 0, 0),
        (0, 0, 0, 0, 1, 0),
        (0, 0, 0, 0, 0, 2),
    ),
    "SET_GROUP_ASID": ((_NO_QUEUE, 0), (0, 9), (0, 0xFFFFFFFF)),
    "SET_MEM_TABLE": ((0, 1), (65, 0), (0xFFFFFFFF, 0)),
    "SET_LOG_BASE": ((0,), (KERNEL,)),
    "SET_LOG_FD": ((NO_FILE,), (-1,)),
    "GET_VRING_BASE": ((_NO_QUEUE, 0),),
    "GET_VRING_GROUP": ((_NO_QUEUE, 0),),
    "GET_VRING_SIZE": ((_NO_QUEUE, 0),),
    "UNKNOWN": ((0, 0), (_NO_QUEUE, 0)),
}

_MESSAGES: dict[str, tuple[tuple[int, ...], ...]] = {
    "UPDATE": (
        (0, 0, 0, SHARED, 3),
        (0, 0, _SIZE, KERNEL, 3),
        (0, 0, _SIZE, 0, 3),
        (0, _TOP, 2 * PAGE, SHARED, 3),
        (0, PAGE, (1 << 64) - 1, SHARED, 3),
        (7, 0, _SIZE, SHARED, 3),
        (0xFFFFFFFF, 0, _SIZE, SHARED, 3),
        *((0, 0, _SIZE, SHARED, perm) for perm in (0, 1, 2, 4, 0xFF)),
        # Not whole pages.
        (0, 0x234, PAGE, SHARED, 3),
        (0, 0, _SIZE, SHARED + 0x10, 3),
        (0, 0, PAGE + 1, SHARED, 3),
    ),
    "INVALIDATE": (
        (7, 0, _SIZE, 0, 0),
        (0, 0, 0, 0, 0),
        (0, _TOP, 2 * PAGE, 0, 0),
        (0, 64 * PAGE, _SIZE, KERNEL, 0xFF),
    ),
    "REMAP": (
        (0, 0, _SIZE, KERNEL, 0),
        (0, 0, _SIZE, (1 << 64) - PAGE, 0),
        (0, 0, _SIZE, SHARED, 3),
        (0, 0, _SIZE + PAGE, SHARED, 0),
        (0, 0, 0, SHARED, 0),
        (0, PAGE // 2, PAGE, SHARED, 0),
        (0, 64 * PAGE, PAGE, SHARED, 0),
        (1, 0, _SIZE, SHARED, 0),
        (7, 0, _SIZE, SHARED, 0),
    ),
    "BATCH_BEGIN": ((7, 0, 0, 0, 0),),
    "BATCH_END": ((7, 0, 0, 0, 0),),
    "MISS": ((0, 0, _SIZE, SHARED, 3),),
    "ACCESS_FAIL": ((0, 0, _SIZE, SHARED, 3),),
    "NO_TYPE": ((0, 0, _SIZE, SHARED, 3),),
    "NO_TYPE_ABOVE": ((0, 0, _SIZE, SHARED, 3),),
}

# Of a message that is right: its form and how much of it is written.
_FORMS = ((0, WHOLE), (3, WHOLE), (V1, WHOLE), (V1, LEAST - 1), (2, LEAST - 1), (2, 4), (2, 1))
_RIGHT = (
    ("UPDATE", (1, 0, _SIZE, SHARED, 3)),
    ("INVALIDATE", (1, 0, 32 * PAGE, 0, 0)),
    ("REMAP", (1, 0, _SIZE, SHARED, 0)),
)

MISTAKES = (
    *(Step("", name) for name, (_, layout) in IOCTLS.items() if layout),  # a null pointer
    *(Step("", name, args) for name, each in _ARGUMENTS.items() for args in each),
    *(Step("", name, args) for name, each in _MESSAGES.items() for args in each),
    *(Step("", name, args, *how) for name, args in _RIGHT for how in _FORMS),
)
