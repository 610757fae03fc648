# SPDX-License-Identifier: GPL-2.0-only
"""Make kernel-config/record-regions/regions_qemu.json of what record.py wrote: see README.md.

usage: collect.py DIRECTORY FILE
"""

import datetime
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.guest.probe import qemu_version
from bench.model.units import parse_size

_MAPPED = re.compile(r"(\w+)-(\w+) rw-s .*/memfd:memory-backend-memfd")
_MESSAGE = re.compile(
    r"vhost_vdpa_dma_(?:map|unmap) .* iova: (?P<iova>\w+) size: (?P<size>\w+)"
    r"(?: uaddr: (?P<uaddr>\w+) perm: (?P<perm>\w+))? type: \d"
)
_BATCH = ("vhost_vdpa_listener_begin_batch", "vhost_vdpa_listener_commit")
_PERM = {"0x1": "ro", "0x3": "rw"}

HOW = (
    "Trace of a real QEMU in a Linux guest with the patched vhost_vdpa and vdpa_sim_net"
    " (kernel-config/record-regions/), its guest a Linux with virtio_net that had set DRIVER_OK."
    " layouts: every IOTLB_UPDATE that was sent, in order: QEMU sent all of them at DRIVER_OK,"
    " in one batch, and unmapped nothing afterwards. offsets: where in guest memory each of"
    " them begins (its user address less that of the memfd), null when it is not guest memory:"
    " the firmware's ROM below 4 GiB. The firmware was done by then."
)


@dataclass(frozen=True)
class Recording:
    command: str
    layout: list[tuple[int, int, str]]
    offsets: list[int | None]


def parse(text: str) -> Recording:
    """The mappings of one start; ValueError when there is more to them than one batch."""
    mapped = _MAPPED.search(text)
    if not mapped or '{"t":"exit","code":0}' not in text:
        raise ValueError("the recording is not whole")
    start, end = (int(word, 16) for word in mapped.groups())
    if [text.count(name) for name in _BATCH] != [1, 1]:
        raise ValueError("not one batch")
    _, _, batch = text.partition(_BATCH[0])
    batch, _, _ = batch.partition(_BATCH[1])
    sent = [match.groupdict() for match in _MESSAGE.finditer(text)]
    if len(sent) != len(_MESSAGE.findall(batch)) or not all(message["perm"] for message in sent):
        raise ValueError("a message outside the batch, or an unmapping")
    uaddrs = [int(message["uaddr"], 16) for message in sent]
    return Recording(
        command=re.findall(r"^command: (.*)$", text, re.MULTILINE)[0],
        layout=[(int(m["iova"], 16), int(m["size"], 16), _PERM[m["perm"]]) for m in sent],
        offsets=[uaddr - start if start <= uaddr < end else None for uaddr in uaddrs],
    )


def document(recordings: Mapping[int, Recording], date: str) -> str:
    """JSON with a line for each size."""
    commands = {
        recording.command.replace(str(size), "SIZE") for size, recording in recordings.items()
    }
    if len(commands) != 1:
        raise ValueError("the commands differ in more than the size")
    head = {
        "license": "SPDX-License-Identifier: GPL-2.0-only",
        "recorded": {
            "qemu": qemu_version(),
            "machine": "q35",
            "command": commands.pop(),
            "date": date,
            "how": HOW,
        },
    }
    layouts = {size: recordings[size].layout for size in sorted(recordings)}
    offsets = {size: recordings[size].offsets for size in sorted(recordings)}
    start = json.dumps(head, indent=1).removesuffix("\n}")
    return f"{start},\n{table('layouts', layouts)},\n{table('offsets', offsets)}\n}}\n"


def table(name: str, rows: Mapping[int, Sequence[object]]) -> str:
    lines = ",\n".join(f'  "{size}": {json.dumps(row)}' for size, row in rows.items())
    return f' "{name}": {{\n{lines}\n }}'


def main(directory: Path, target: Path) -> None:
    files = sorted(directory.glob("*.txt"))
    recordings = {parse_size(path.stem): parse(path.read_text()) for path in files}
    target.write_text(document(recordings, datetime.date.today().isoformat()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
