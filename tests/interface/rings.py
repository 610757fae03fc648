# SPDX-License-Identifier: GPL-2.0-only
"""What calls have to answer that the patches leave as they are: rings, configuration, questions."""

from dataclasses import dataclass
from errno import E2BIG, EBADF, EFAULT, EINVAL, ENOBUFS, ENOTTY, EOPNOTSUPP

from tests.interface.steps import EVENT, Step

EVENTS = range(EVENT, EVENT + 4)
STDIN = 0  # a file, and no eventfd
MOST = 256  # entries of a ring: of the simulators, and of QEMU's daemon of VDUSE
CONFIG = 1024  # bytes that no device here has of it
REGIONS = 64  # of SET_MEM_TABLE: max_mem_regions of vhost.ko
ALIGNED = 4  # the used ring; the available one: 2


# vhost_vdpa_unlocked_ioctl() answers these before it asks for the owner.
ANYBODYS = {
    *("GET_FEATURES", "GET_BACKEND_FEATURES", "GET_STATUS", "GET_DEVICE_ID", "GET_CONFIG_SIZE"),
    *("GET_IOVA_RANGE", "GET_VQS_COUNT", "GET_GROUP_NUM", "GET_AS_NUM", "GET_VRING_NUM"),
    *("GET_CONFIG", "SET_CONFIG", "SET_CONFIG_CALL"),
}


def of_anybody(step: Step) -> int:
    """Return what a call of ANYBODYS has to answer."""
    if not step.args:
        return -EFAULT
    if step.name == "SET_CONFIG_CALL":
        return _file(step.args[0])
    if step.name in ("GET_CONFIG", "SET_CONFIG"):
        offset, length = step.args
        return -EINVAL if not length or offset + length > CONFIG else 0
    return 0


@dataclass(frozen=True)
class Rings:
    """What a device has, and how far it is."""

    queues: int
    groups: int
    spaces: int
    runs: bool  # DRIVER_OK, and not suspended


def of_owner(step: Step, rings: Rings) -> int:
    """Return what a call has to answer its owner: vhost_vdpa_vring_ioctl(), vhost_dev_ioctl()."""
    if not step.args:
        return -EFAULT
    index, value, *_ = step.args
    if step.name == "SET_MEM_TABLE":
        return -EOPNOTSUPP if value else -E2BIG if index > REGIONS else 0
    if index >= rings.queues:
        return -ENOBUFS
    if step.name == "SET_VRING_NUM":
        return 0 if 0 < value <= MOST and not value & (value - 1) else -EINVAL
    if step.name == "SET_VRING_BASE":
        return -EINVAL if value > 0xFFFF or rings.runs else 0
    if step.name == "SET_VRING_ADDR":
        return _addresses(step) or (-EINVAL if rings.runs else 0)
    if step.name == "SET_GROUP_ASID":
        return -EINVAL if index >= rings.groups or value >= rings.spaces else 0
    if step.name == "UNKNOWN":
        return -ENOTTY
    if step.name in ("SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"):
        return _file(value)
    return 0


def _file(number: int) -> int:
    if number == STDIN:
        return -EINVAL
    return 0 if number == -1 or number in EVENTS else -EBADF


def _addresses(step: Step) -> int:
    _, flags, _, used, available, log = step.args
    if flags & ~1:
        return -EOPNOTSUPP
    return -EINVAL if available % 2 or used % ALIGNED or log % ALIGNED else 0
