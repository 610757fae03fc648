# SPDX-License-Identifier: GPL-2.0-only
"""Tell whether this machine's QEMU can be started within a guest."""

import struct
from pathlib import Path

from bench.model.vmm import VMM
from bench.process import find_tool

_PACKAGE = "qemu-system-x86"
_HEADER = struct.Struct("<4sB11xHH12xQ14xHH")  # up to e_phnum of elf(5), of 64 bits
_X86_64, _INTERPRETER = 62, 3  # EM_X86_64, PT_INTERP


def why_no_vmm() -> str:
    """Say why QEMU would not start there as it does here; empty where it would.

    MissingTool where it is not installed.
    """
    program = Path(find_tool(VMM, _PACKAGE))
    with program.open("rb") as handle:
        head = handle.read(4096)
    if head[:4] != b"\x7fELF" or len(head) < _HEADER.size:
        return f"{program} is a script, not QEMU itself"
    _, bits, _, machine, at, size, count = _HEADER.unpack_from(head)
    if bits != 2 or machine != _X86_64:
        return f"{program} is of another architecture than the guest"
    kinds = [head[place : place + 4] for place in range(at, at + size * count, size or 1)]
    if _INTERPRETER.to_bytes(4, "little") not in kinds:
        return f"{program} is a static program, which starts quicker than others do"
    return ""
