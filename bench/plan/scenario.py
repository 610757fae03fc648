# SPDX-License-Identifier: GPL-2.0-only
"""Scenario files: one question each, as TOML, checked before anything is measured."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench.errors import UsageError
from bench.model.cell import (
    Backing,
    Batch,
    Break,
    Experiment,
    Family,
    Handover,
    Method,
    Pages,
    Ptes,
)
from bench.model.device import DEVICES, NO_DEVICE, PCI_PATTERN, device_named
from bench.model.units import MIB, format_size
from bench.paths import SCENARIOS
from bench.plan.factors import (
    LARGEST,
    MOST_REGIONS,
    MOST_THREADS,
    QEMU,
    DeviceName,
    Listed,
    Pause,
    Positive,
    Regions,
    Seconds,
    Sizes,
    Threads,
)


class Scenario(BaseModel):
    """What to measure. Every list is a factor: the cells are all combinations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,60}$")]
    question: str = ""
    device: Annotated[tuple[DeviceName, ...], Listed, Field(min_length=1)]
    method: Annotated[tuple[Method, ...], Listed, Field(min_length=1)]
    mem: Annotated[tuple[int, ...], Sizes, Field(min_length=1)]
    pages: Annotated[tuple[Pages, ...], Listed, Field(min_length=1)]
    backing: Backing = Backing.AUTO
    ptes: Annotated[tuple[Ptes, ...], Listed, Field(min_length=1)] = (Ptes.COLD,)
    handover: Annotated[tuple[Handover, ...], Listed, Field(min_length=1)] = (Handover.EXEC,)
    regions: Annotated[tuple[str, ...], Regions, Field(min_length=1)] = ("1",)
    batch: Annotated[tuple[Batch, ...], Listed, Field(min_length=1)] = (Batch.ON,)
    threads: Annotated[tuple[int, ...], Threads, Field(min_length=1)] = (1,)
    executor: Annotated[str, Field(min_length=1)] = "auto"
    kernel: Annotated[tuple[str, ...], Listed] = ()  # series of patches; none: kernel.toml's
    boots: int = Field(default=1, ge=1, le=100)
    max_pause: Pause = ""  # that a gate holds a run to
    broken: Break | None = Field(default=None, alias="break")
    reps: int = Field(default=5, ge=1, le=200)
    seed: int = Field(default=1, ge=0)
    budget: Annotated[float, Positive, Seconds] | None = None  # seconds

    @field_validator("mem")
    @classmethod
    def _fits(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        for size in sizes:
            if size > LARGEST:
                raise ValueError(f"{format_size(size)} is too much: {format_size(LARGEST)} at most")
        return sizes

    def misfit(self) -> tuple[str, str] | None:
        """The key whose value does not go with the others, and why."""
        return self._lone_method() or self._lone_break() or self._memory_misfit()

    def _lone_break(self) -> tuple[str, str] | None:
        if self.broken is Break.SKIPS_VADDR and Method.VFIO_VADDR not in self.method:
            return "break", f"{self.broken} breaks {Method.VFIO_VADDR}"
        if self.broken is Break.WRONG_ADDRESS:
            for method in self.method:
                if method.family is Family.IOMMUFD:
                    return "break", f"{method} maps a file: it has no address that could be wrong"
                if method is Method.VFIO_VADDR:
                    return "break", f"{method} keeps what is pinned: no device sees its addresses"
        return None

    def _lone_method(self) -> tuple[str, str] | None:
        pins = [m for m in self.method if m.experiment is Experiment.PIN]
        handed = [m for m in self.method if m.experiment is Experiment.LIVE_UPDATE]
        if handed and self.threads != (1,):
            return "threads", f"{handed[0]} has one thread: they are for pin loops"
        if pins and (self.handover, self.regions, self.batch) != (
            (Handover.EXEC,),
            ("1",),
            (Batch.ON,),
        ):
            return "method", f"{pins[0]} is a pin loop: it has no handover, regions or batch"
        if pins and self.broken:
            return "method", f"{pins[0]} is a pin loop: --break is for a live update"
        return self._lone_device(handed) if handed else None

    def _lone_device(self, methods: list[Method]) -> tuple[str, str] | None:
        """Every method has a device of its family, and every device a method."""
        for method in methods:
            if not any(fits(method, name, self.device) for name in self.device):
                kinds = ", ".join(n for n, d in DEVICES.items() if d.family is method.family)
                return "device", f"{method} needs a device of its kind: {kinds}"
        for name in self.device:
            if any(fits(method, name, self.device) for method in methods):
                continue
            if name == NO_DEVICE.name:
                return "device", f"{methods[0]} needs a device: 'none' is for exec-only"
            known = (m for m in Method if m.family is device_named(name).family)
            kinds = ", ".join(m for m in known if m.experiment is Experiment.LIVE_UPDATE)
            return "method", f"{name} needs one of its methods: {kinds}"
        return None

    def _memory_misfit(self) -> tuple[str, str] | None:
        most = max((int(count) for count in self.regions if count != QEMU), default=1)
        for pages in self.pages:
            for mem in self.mem:
                size, fit = format_size(mem), mem // pages.size
                if mem % pages.size:
                    whole = f"{pages} pages ({format_size(pages.size)})"
                    return "mem", f"{size} is not a whole number of {whole}"
                if fit < max(self.threads):
                    return "threads", f"{size} has {fit} {pages} pages: {fit} threads at most"
                if fit < most:
                    return "regions", f"{size} has {fit} {pages} pages: {fit} regions at most"
                if QEMU in self.regions and mem % (2 * MIB):
                    return "regions", f"qemu: {size} is not a whole number of 2 MiB"
        return None


def fits(method: Method, device: str, devices: Collection[str]) -> bool:
    """A method of ``device``; one that needs none has ``none`` to itself where it is named."""
    if method.experiment is Experiment.PIN:
        return True
    if method.needs_device:
        return method.family is device_named(device).family
    return device == NO_DEVICE.name or NO_DEVICE.name not in devices


def _is_file(path: Path) -> bool:
    """False also for a name that is longer than a file's can be."""
    try:
        return path.is_file()
    except OSError:
        return False


def scenario_path(name: str) -> Path:
    """The file of a scenario given by name or by path; UsageError lists the known names."""
    path = Path(name)
    if path.suffix == ".toml" or _is_file(path):
        return path
    path = SCENARIOS / f"{name}.toml"
    if not _is_file(path):
        known = ", ".join(sorted(p.stem for p in SCENARIOS.glob("*.toml")))
        raise UsageError(f"no scenario is called '{name}'", f"known are {known}; or give a .toml")
    return path


def load_scenario(name: str, overrides: Mapping[str, Any]) -> Scenario:
    """Read a scenario; ``overrides`` are command-line options, spelled as the fields are."""
    path = scenario_path(name)
    try:
        fields = tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    fields.setdefault("name", path.stem)
    try:
        scenario = Scenario.model_validate({**fields, **overrides})
    except ValidationError as error:
        raise UsageError(_first_error(error, path, overrides)) from None
    problem = scenario.misfit()
    if problem:
        key, message = problem
        raise UsageError(f"{_where(key, path, overrides)}: {message}")
    return scenario


def _where(key: str, path: Path, overrides: Mapping[str, Any]) -> str:
    return f"--{key}" if key in overrides else f"{path}: {key}"


def _listed() -> dict[str, dict[str, Any]]:
    """What one value of each list may be, as JSON schema."""
    known: dict[str, Iterable[str]] = {"method": Method, "pages": Pages}
    known |= {"ptes": Ptes, "handover": Handover, "batch": Batch}
    count = {"type": "integer", "minimum": 1, "maximum": MOST_REGIONS}
    here = f"^(/|{PCI_PATTERN}$)"
    text = {"type": "string", "pattern": f"^({QEMU}|[1-9][0-9]*)$"}
    return {
        **{key: {"enum": [*values]} for key, values in known.items()},
        "device": {"anyOf": [{"enum": [*DEVICES]}, {"type": "string", "pattern": here}]},
        "threads": {"type": "integer", "minimum": 1, "maximum": MOST_THREADS},
        "mem": {"type": "string", "minLength": 1},
        "regions": {"anyOf": [count, text]},
    }


def json_schema() -> str:
    """For editors: what a scenario file may hold. The name is that of the file."""
    schema = Scenario.model_json_schema()
    schema["required"].remove("name")
    duration = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?[smh]$"}
    budget = [duration, {"type": "number", "exclusiveMinimum": 0}]
    schema["properties"]["budget"]["anyOf"] = budget
    pause = "[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|[kMG]?i)"
    schema["properties"]["max_pause"]["pattern"] = f"^({pause})?$"
    for key, items in _listed().items():
        several = {"type": "array", "items": items, "minItems": 1}
        schema["properties"][key]["anyOf"] = [items, several]
        del schema["properties"][key]["minLength"]
    return json.dumps(schema, indent=2) + "\n"


def _first_error(error: ValidationError, path: Path, overrides: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else "file"
    where = _where(key, path, overrides)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "enum":
        message = f"'{first['input']}' is unknown: known are {first['ctx']['expected']}"
    elif first["type"] == "extra_forbidden":
        keys = (field.alias or name for name, field in Scenario.model_fields.items())
        message = f"no such key: known are {', '.join(keys)}"
    return f"{where}: {message}"
