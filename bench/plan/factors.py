# SPDX-License-Identifier: GPL-2.0-only
"""How the values of a scenario are spelled: a list in a file, text on the command line."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bench.model.device import DEVICES, of_this_machine
from bench.model.units import TIB, known_pause, parse_duration, parse_sizes

# The two places of guest memory in the helper are 16 TiB apart.
LARGEST = 8 * TIB


def _split(value: object) -> object:
    """``a,b`` on the command line is ``["a", "b"]`` in a file."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _sizes(value: object) -> object:
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("write sizes as text, as in ['1G', '64G']")
    return [size for part in parts for size in parse_sizes(part)]


# The layout that a real QEMU has for a guest of this size.
QEMU = "qemu"
MOST_REGIONS = 256  # of the helper


def _regions(value: object) -> object:
    parts = _split(value)
    if not isinstance(parts, list):
        raise ValueError("write a list, as in [1, 'qemu']")
    texts = [str(part) for part in parts]
    for text in texts:
        known = text == QEMU or (text.isascii() and text.isdecimal())
        if not known or (text != QEMU and not 1 <= int(text) <= MOST_REGIONS):
            raise ValueError(f"'{text}' is neither a count from 1 to {MOST_REGIONS} nor 'qemu'")
    return [text if text == QEMU else str(int(text)) for text in texts]


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


MOST_THREADS = 256  # of the helper


def _threads(value: object) -> object:
    parts = _split(value)
    parts = [parts] if isinstance(parts, int) else parts
    if not isinstance(parts, list):
        raise ValueError("write a list, as in [1, 2]")
    for part in parts:
        text = str(part)
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_THREADS):
            raise ValueError(f"'{text}' is no count from 1 to {MOST_THREADS}")
    return [int(str(part)) for part in parts]


def _known_device(name: str) -> str:
    if name not in DEVICES and not of_this_machine(name):
        known = f"{', '.join(DEVICES)}, a path as in /dev/vhost-vdpa-0, or vfio:0000:03:00.0"
        raise ValueError(f"'{name}' is unknown: known are {known}")
    return name


# In a file a list; on the command line, and for one value, text.
Listed = BeforeValidator(_split, json_schema_input_type=str | list[str])
Sizes = BeforeValidator(_sizes, json_schema_input_type=str | list[str])
Regions = BeforeValidator(_regions, json_schema_input_type=str | list[str | int])
Threads = BeforeValidator(_threads, json_schema_input_type=str | list[int])
Seconds = BeforeValidator(_duration, json_schema_input_type=str | float)
Positive = Field(strict=True, gt=0, allow_inf_nan=False)
DeviceName = Annotated[str, AfterValidator(_known_device)]
Pause = Annotated[str, AfterValidator(known_pause)]
