# SPDX-License-Identifier: GPL-2.0-only
"""Name methods, the kinds of devices that they are of, and the phases of a rep."""

from enum import StrEnum

from bench.model.described import Described


class Phase(StrEnum):
    """Parts of a rep, in the order in which they happen; together they are the pause."""

    SUSPEND = "suspend"
    RESET = "reset"
    RELEASE = "release"
    EXEC = "exec"
    POPULATE = "populate"
    CLAIM = "claim"
    VRINGS = "vrings"
    MAP = "map"
    START = "start"
    PIN = "pin"
    UNPIN = "unpin"


# What a method itself costs, as opposed to what every handover pays.
OWN_PHASES = (Phase.RELEASE, Phase.CLAIM, Phase.MAP)


class Experiment(StrEnum):
    """What a rep is: a device handed over, memory pinned and unpinned, or a program's start."""

    LIVE_UPDATE = "live-update"
    PIN = "pin"
    VMM_START = "vmm-start"

    @property
    def phases(self) -> tuple[Phase, ...]:
        """List the phases of one of its reps, in the order in which they happen."""
        pin = (Phase.PIN, Phase.UNPIN)
        if self is Experiment.VMM_START:
            return (Phase.EXEC,)
        return pin if self is Experiment.PIN else tuple(p for p in Phase if p not in pin)


class Family(StrEnum):
    """Kinds of devices that can be handed over; the helper has a file for each."""

    NONE = "none"
    VDPA = "vdpa"  # a vhost-vdpa node
    TYPE1 = "type1"  # a PCI device behind vfio-pci, in a container of type1
    IOMMUFD = "iommufd"  # the same over /dev/iommu


class Method(Described):
    """How a device is handed over, how memory is pinned, or which program is started."""

    NEW_OWNER = "new-owner", "the new process takes the device with all that is pinned"
    RESET_OWNER = "reset-owner", "all is unpinned, and pinned again by the new process"
    REOPEN = "reopen", "closed and opened again: what a stock kernel can do"
    RESUME = "resume", "as new-owner, suspended and resumed: no reset, no ring set up again"
    NEW_OWNER_BACK = "new-owner-back", "the new process fails, the old one has the device again"
    RESET_OWNER_BACK = "reset-owner-back", "the same, as reset-owner does it"
    VFIO_VADDR = "vfio-vaddr", "vfio's live update: new addresses for what stays pinned"
    VFIO_REMAP = "vfio-remap", "what that saves: all unmapped and mapped again"
    IOMMUFD_PROCESS = "iommufd-process", "iommufd's: what is pinned changes its process"
    IOMMUFD_REMAP = "iommufd-remap", "what that saves: all unmapped and mapped again"
    EXEC_ONLY = "exec-only", "the control: the same handover without a device"
    IO_URING = "io-uring", "pins registered buffers: takes no device and no right"
    GUP_TEST = "gup-test", "the kernel's own pin loop, where it was built with one"
    IOTLB = "iotlb", "pins by IOTLB_UPDATE and IOTLB_INVALIDATE"
    MLOCK = "mlock", "a control of pin loops: pages in memory, none pinned"
    POPULATE = "populate", "a control of pin loops: page tables, and nothing else"
    START_HELPER = "start-helper", "what the exec of a live update has of a start already"
    START_VMM = "start-vmm", "QEMU, until it opens the file of its memory"

    @property
    def experiment(self) -> Experiment:
        pins = (Method.IO_URING, Method.GUP_TEST, Method.IOTLB, Method.MLOCK, Method.POPULATE)
        if self in (Method.START_HELPER, Method.START_VMM):
            return Experiment.VMM_START
        return Experiment.PIN if self in pins else Experiment.LIVE_UPDATE

    @property
    def family(self) -> Family:
        """Return the kind of device that it is a method of."""
        return _FAMILIES.get(self, Family.NONE)

    @property
    def goes_back(self) -> bool:
        """Tell whether the new process fails, so that the old one has to exist still."""
        return self in (Method.NEW_OWNER_BACK, Method.RESET_OWNER_BACK)

    @property
    def needs_device(self) -> bool:
        return self.family is not Family.NONE

    @property
    def keeps(self) -> bool:
        """Tell whether it leaves all pages pinned."""
        return self in (
            Method.NEW_OWNER,
            Method.RESUME,
            Method.NEW_OWNER_BACK,
            Method.VFIO_VADDR,
            Method.IOMMUFD_PROCESS,
            Method.EXEC_ONLY,
        )


_FAMILIES = {
    Method.NEW_OWNER: Family.VDPA,
    Method.RESET_OWNER: Family.VDPA,
    Method.REOPEN: Family.VDPA,
    Method.RESUME: Family.VDPA,
    Method.NEW_OWNER_BACK: Family.VDPA,
    Method.RESET_OWNER_BACK: Family.VDPA,
    Method.VFIO_VADDR: Family.TYPE1,
    Method.VFIO_REMAP: Family.TYPE1,
    Method.IOMMUFD_PROCESS: Family.IOMMUFD,
    Method.IOMMUFD_REMAP: Family.IOMMUFD,
    Method.IOTLB: Family.VDPA,
}
