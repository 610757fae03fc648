# SPDX-License-Identifier: GPL-2.0-only
"""Name the VMM whose start is measured, and the command line that it is started with."""

from bench.model.units import MIB

VMM = "qemu-system-x86_64"
# Guest memory is this file of the guest's, so that the VMM's opening it can be seen.
VMM_MEMORY = "/tmp/vmm-memory"


def vmm_words(program: str, mem: int) -> list[str]:
    """Spell how a VMM is started that a live update hands a VM of ``mem`` bytes to.

    It has nothing that nobody asked for and waits for the state of the old one (``-incoming
    defer``). A guest has no KVM, so that it is to emulate; it comes to that after its memory.
    """
    memory = f"memory-backend-file,id=memory,size={mem},mem-path={VMM_MEMORY},share=on"
    return [
        *(program, "-nodefaults", "-no-user-config", "-display", "none"),
        *("-machine", "q35,memory-backend=memory", "-accel", "tcg", "-m", f"{mem // MIB}M"),
        *("-object", memory, "-incoming", "defer"),
    ]
