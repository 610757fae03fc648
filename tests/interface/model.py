# SPDX-License-Identifier: GPL-2.0-only
"""What vhost-vdpa with our patches has to answer: who owns a device, what is mapped, who agreed.

What stock kernels do oddly is here as it is, with the function that does it. None stands for an
answer that is not predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from errno import EBUSY, EFAULT, EINVAL, ENOMEM, ENOTTY, EOPNOTSUPP, EPERM, ESTALE, errorcode

from tests.interface.rings import ANYBODYS, Rings, of_anybody, of_owner
from tests.interface.steps import (
    ACTORS,
    AREA,
    LEAST,
    LOOK,
    MESSAGES,
    PAGE,
    PRIVATE,
    SHARED,
    V1,
    V2,
    Answer,
    Program,
    Step,
)

DRIVER_OK, FEATURES_OK = 4, 8  # of the status
ASID, SUSPEND, RESUME, DESC_ASID, PERSIST = 1 << 3, 1 << 4, 1 << 5, 1 << 7, 1 << 8
NEW_OWNER, REMAP = 1 << 9, 1 << 10
OWNERS = NEW_OWNER | REMAP
KNOWN = (1 << 11) - 2  # backend features: bits 1 to 10
ACCESS_PLATFORM = 1 << 33
MAY_LOCK = {"a": 2048, "b": 2048, "c": 5}  # pages


@dataclass(frozen=True)
class Traits:
    """What devices differ in."""

    pins: bool
    spaces: int  # address spaces
    queues: int
    groups: int  # of queues
    offers: int  # of OWNERS
    can: int  # of SUSPEND, RESUME and PERSIST
    cleans: bool  # it has compat_reset()
    checks_features: bool  # its driver wants ACCESS_PLATFORM, and nothing else
    runs: bool  # QEMU's daemon of VDUSE ends with an assertion where it does not like a driver


TRAITS = {
    "sim-net-pa": Traits(True, 2, 3, 2, NEW_OWNER, SUSPEND | RESUME | PERSIST, True, True, True),
    "sim-net-va": Traits(False, 2, 3, 2, OWNERS, SUSPEND | RESUME | PERSIST, True, True, True),
    "vduse-blk": Traits(False, 1, 1, 1, NEW_OWNER, 0, False, False, False),
}


@dataclass
class Model:
    """The state of a device that was just opened, and what each step makes of it."""

    traits: Traits
    owner: str = ""
    agreed: int = 0  # of OWNERS, by the owner
    backend: int = 0  # the other backend features
    status: int = 0
    suspended: bool = False
    batch: int | None = None  # the asid of an open one
    cleaned: bool = False  # the driver's map by a reset, while there were mappings
    spaces: dict[int, dict[int, int]] = field(default_factory=dict)  # asid: iova: bytes
    fresh: bool = True  # as after open(), but for an owner

    def take(self, step: Step) -> int | None:
        """Return what a step has to answer, and go on from there."""
        if step.name in MESSAGES:
            result: int | None = self._message(step)
        elif step.name == LOOK:
            return 0
        else:
            known = getattr(self, f"_{step.name.lower()}", None)
            result = known(step) if known else self._other(step)
        if result != -EPERM and step.name not in ("SET_OWNER", "RESET_OWNER"):
            self.fresh = False
        return result

    @property
    def pinned(self) -> tuple[int, ...]:
        """Return the pages that each process is charged for."""
        pages = sum(sum(maps.values()) for maps in self.spaces.values()) // PAGE
        mine = pages if self.traits.pins else 0
        return tuple(mine if actor == self.owner else 0 for actor in ACTORS)

    @property
    def runs(self) -> bool:
        """Return whether the device may do something by itself."""
        return bool(self.status & DRIVER_OK and not self.suspended)

    def _has_maps(self) -> bool:
        return any(self.spaces.values())

    def _set_owner(self, step: Step) -> int:
        if self.owner:
            return -EBUSY
        self.owner = step.actor
        return 0

    def _reset_owner(self, step: Step) -> int:
        if step.actor != self.owner:
            return -EPERM
        self.owner, self.agreed, self.backend, self.status = "", 0, 0, 0
        self.suspended, self.batch, self.cleaned = False, None, False
        self.spaces.clear()
        self.fresh = True
        return 0

    def _new_owner(self, step: Step) -> int:
        pages = sum(self.pinned)
        refused = (
            (not self.owner, EINVAL),
            (self.owner == step.actor, EBUSY),
            (not self.agreed & NEW_OWNER, EOPNOTSUPP),
            (self.runs, EBUSY),
            (self.cleaned and self._has_maps(), ESTALE),
            (pages and pages > MAY_LOCK[step.actor], ENOMEM),
        )
        for holds, error in refused:
            if holds:
                return -error
        self.owner, self.agreed, self.batch = step.actor, 0, None
        return 0

    def _set_backend_features(self, step: Step) -> int:
        if not step.args:
            return -EFAULT
        (wanted,) = step.args
        refused = (
            (wanted & ~KNOWN, EOPNOTSUPP),
            (wanted & (SUSPEND | RESUME) & ~self.traits.can, EOPNOTSUPP),
            (wanted & DESC_ASID and not wanted & ASID, EINVAL),
            (wanted & DESC_ASID, EOPNOTSUPP),  # no device here has groups for descriptors
            (wanted & PERSIST & ~self.traits.can, EOPNOTSUPP),
            (wanted & OWNERS & ~self.traits.offers, EOPNOTSUPP),
            (wanted & OWNERS != self.agreed and step.actor != self.owner, EPERM),
        )
        for holds, error in refused:
            if holds:
                return -error
        self.agreed, self.backend = wanted & OWNERS, wanted & ~OWNERS
        return 0

    def _set_features(self, step: Step) -> int | None:
        """Anybody may, in stock kernels too: vhost_vdpa_set_features() asks for no owner."""
        if self.status & FEATURES_OK:
            return -EBUSY
        if not step.args:
            return -EFAULT
        if not self.traits.checks_features:
            return None
        return 0 if step.args[0] & ACCESS_PLATFORM else -EINVAL

    def _set_status(self, step: Step) -> int:
        """Anybody may, in stock kernels too: vhost_vdpa_set_status()."""
        if not step.args:
            return -EFAULT
        (status,) = step.args
        if status and self.status & ~status:
            return -EINVAL
        self.status = status
        if not status:
            self.suspended = False
            keeps = self.backend & PERSIST or self.agreed & NEW_OWNER
            self.cleaned |= bool(self.traits.cleans and not keeps and self._has_maps())
        return 0

    def _suspend(self, _: Step) -> int:
        """Anybody may: vhost_vdpa_suspend(), which is content with a device that does not run."""
        return self._stop(SUSPEND, True)

    def _resume(self, _: Step) -> int:
        return self._stop(RESUME, False)

    def _stop(self, bit: int, stops: bool) -> int:
        if not self.status & DRIVER_OK:
            return 0
        if not self.traits.can & bit:
            return -EOPNOTSUPP
        self.suspended = stops
        return 0

    def _set_log_base(self, _: Step) -> int:
        """Nobody may: vhost_vdpa_unlocked_ioctl() says so before it asks for the owner."""
        return -ENOTTY

    def _set_log_fd(self, _: Step) -> int:
        return -ENOTTY

    def _other(self, step: Step) -> int | None:
        """Answer what the patches leave as it is; the owner alone may, vhost_dev_ioctl() asks."""
        if step.name in ANYBODYS:
            return of_anybody(step)
        if step.actor != self.owner:
            return -EPERM
        has = self.traits
        result = of_owner(step, Rings(has.queues, has.groups, has.spaces, self.runs))
        varies = self.status & DRIVER_OK or not has.runs
        if step.name == "SET_GROUP_ASID" and not result and varies:
            return None  # 7.3 refuses it of a device that has started, and has it for VDUSE
        return result

    def _message(self, step: Step) -> int:
        """Each error of a message is EFAULT: vhost_chr_write_iter()."""
        asid, iova, size, uaddr, perm = step.args
        if not _is_whole(step):
            return -EINVAL
        if step.actor != self.owner:
            return -EFAULT
        asid = asid if self.backend & ASID and step.form == V2 else 0
        if step.name in ("UPDATE", "BATCH_BEGIN") and asid < self.traits.spaces:
            self.spaces.setdefault(asid, {})  # even if it is refused next
        if asid not in self.spaces or self.batch not in (None, asid):
            return -EFAULT
        maps = self.spaces[asid]
        if step.name == "UPDATE":
            return self._update(maps, iova, size, uaddr)
        if step.name == "REMAP":
            fits = not perm and size and _is_user(uaddr, size) and maps.get(iova) == size
            return 0 if self.traits.offers & REMAP and fits else -EFAULT
        if step.name == "INVALIDATE":
            last = (iova + size - 1) % (1 << 64)  # size 0 reaches to the end, from 0
            for at in [at for at in maps if at <= last and iova < at + maps[at]]:
                del maps[at]
        elif step.name in ("BATCH_BEGIN", "BATCH_END"):
            self.batch = asid if step.name == "BATCH_BEGIN" else None
        else:
            return -EFAULT
        return 0

    def _update(self, maps: dict[int, int], iova: int, size: int, uaddr: int) -> int:
        if iova + size > 1 << 64:
            return -EFAULT
        if self.traits.pins:  # whole pages: vhost_vdpa_pa_map()
            size = -(-(size + iova % PAGE) // PAGE) * PAGE
            iova, uaddr = iova & -PAGE, uaddr & -PAGE
        if any(at < iova + size and iova < at + maps[at] for at in maps):
            return -EFAULT
        if not self._has_maps():
            self.cleaned = False
        pages = sum(self.pinned) + size // PAGE
        if self.traits.pins and pages > MAY_LOCK[self.owner]:
            return -EFAULT
        is_there = _is_mapped if self.traits.pins else _is_user
        if not is_there(uaddr, size):
            return -EFAULT
        # vhost_vdpa_va_map() passes over what is no shared file, holes too, and is content.
        if self.traits.pins or SHARED <= uaddr < PRIVATE:
            maps[iova] = size
        return 0


def _is_mapped(uaddr: int, size: int) -> bool:
    return any(area <= uaddr and uaddr + size <= area + AREA for area in (SHARED, PRIVATE))


def _is_whole(step: Step) -> bool:
    """Return what vhost_chr_write_iter() looks at before it asks who writes."""
    sized = step.name != "UPDATE" or step.args[2]
    return step.form in (V1, V2) and step.length >= LEAST and bool(sized)


def _is_user(uaddr: int, size: int) -> bool:
    return uaddr + size <= 1 << 47


def disagreement(traits: Traits, program: Program, answers: Sequence[Answer]) -> str:
    """Return the program up to where the kernel and the model differ; "" where they agree."""
    model = Model(traits)
    fresh = ""  # what a device that was just opened looks like to its owner
    seen: dict[str, str] = {}  # what it looked like to each, since anything last succeeded
    for number, (step, answer) in enumerate(zip(program, answers, strict=True)):
        result = model.take(step)
        problem = ""
        if result is not None and answer.result != result:
            problem = f"{_named(answer.result)}, and has to be {_named(result)}"
        elif answer.pinned != model.pinned:
            problem = f"pinned are {answer.pinned} pages of a, b and c, have to be {model.pinned}"
        elif step.name == LOOK and model.fresh and step.actor == model.owner:
            fresh = fresh or answer.looked
            if answer.looked != fresh:
                problem = f"what GET_* answer is {answer.looked}, and as opened {fresh}"
        elif step.name == LOOK and seen.setdefault(step.actor, answer.looked) != answer.looked:
            problem = f"what GET_* answer is {answer.looked}, and was {seen[step.actor]}"
        if (step.name != LOOK and answer.result == 0) or model.runs:
            seen.clear()
        if problem:
            return "\n".join([*map(str, program[: number + 1]), f"    {problem}"])
    return ""


def _named(result: int) -> str:
    return errorcode.get(-result, str(result)) if result else "success"
