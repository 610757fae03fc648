# SPDX-License-Identifier: GPL-2.0-only
"""Read scenario files: one question each, as TOML, checked before anything is measured."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from bench.errors import UsageError
from bench.model.cell import FACTORS, QEMU, VARIANTS, Backing, Break, Pages, usual
from bench.model.device import DEVICES, NO_DEVICE, device_named, of_this_machine
from bench.model.factor import Factor
from bench.model.limits import BOOTS, MOST_MEMORY, SEED
from bench.model.method import Experiment, Family, Method
from bench.model.near import near
from bench.model.reps import AUTO, Reps, parse_reps
from bench.model.toml_lines import TomlPath, no_toml
from bench.model.units import MIB, format_size, known_pause, parse_duration, parse_sizes
from bench.model.visible import visible
from bench.paths import SCENARIOS, scenario_names
from bench.plan.complaint import all_wrong, place
from bench.results.foreign import what_is

_MOST = 5  # wrong keys that are named
_STORED = {"stored": True}  # validation context: what is read is a dump, in which sizes are bytes


def _split(value: object) -> object:
    """Make ``["a", "b"]``, as a file has it, of ``a,b`` on the command line."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _names(value: object) -> object:
    """Split names as `_split` does; the empty one is the usual, but not one of several."""
    parts = _split(value)
    if isinstance(value, str) and isinstance(parts, list) and "" in parts and len(parts) > 1:
        raise ValueError(f"'{value}': a name is missing beside a comma")
    return parts


def _sizes(value: object, info: ValidationInfo) -> object:
    """Make bytes of sizes as people write them."""
    parts = [value] if isinstance(value, str) else value
    if info.context == _STORED:
        if not isinstance(parts, list) or not all(type(n) is int and n > 0 for n in parts):
            raise ValueError("sizes of a dump are bytes")
        return parts
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("write sizes as text, as in ['1G', '64G']")
    return [size for part in parts for size in parse_sizes(part)]


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _known_device(name: str) -> str:
    if name not in DEVICES and not of_this_machine(name):
        more = "a path as in /dev/vhost-vdpa-0, or vfio:0000:03:00.0"
        raise ValueError(f"'{name}' is unknown: {near(name, DEVICES)}, {more}")
    return name


def _variant(value: object, info: ValidationInfo) -> object:
    """Read the values of a factor that has a default: a list, or one, or text with commas."""
    parts = _split(value)
    factor = FACTORS[info.field_name or ""]
    if not factor.words.limits:
        return parts
    return [_count(str(part), factor) for part in (parts if isinstance(parts, list) else [parts])]


def _count(text: str, factor: Factor) -> object:
    """Read a count, or one of the names that stand for a count; ValueError says which."""
    limits, names = factor.words.limits, factor.words.names
    if text in names:
        return text
    if text.isascii() and text.isdecimal() and limits and int(text) in limits:
        return factor.kind(int(text))
    known = " or ".join([f"a whole number {limits}", *map(repr, names)])
    raise ValueError(f"'{text}' is not {known}")


def _stored_reps(reps: Reps) -> int | str:
    """Spell reps for a dump, in which a plain number is one, as it was in older runs."""
    return reps.least if reps.exact else str(reps)


# In a file a list; on the command line, and for one value, text.
_Listed = BeforeValidator(_split)
_Named = BeforeValidator(_names)
_SOME = Field(min_length=1)
_POSITIVE = Field(strict=True, gt=0, allow_inf_nan=False)


_Sizes = Annotated[tuple[int, ...], BeforeValidator(_sizes), _SOME]
_Pages = Annotated[tuple[Pages, ...], _Listed, _SOME]


class Also(BaseModel):
    """What replaces fields of a scenario for cells that it has beside its matrix."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mem: _Sizes | None = None
    pages: _Pages | None = None


class _Question(BaseModel):
    """Hold what every scenario says itself: a question, and factors that have no default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,60}$")]
    question: str = ""
    device: Annotated[tuple[Annotated[str, AfterValidator(_known_device)], ...], _Listed, _SOME]
    method: Annotated[tuple[Method, ...], _Listed, _SOME]
    mem: _Sizes
    pages: _Pages
    also: tuple[Also, ...] = ()
    backing: Backing = Backing.AUTO


if TYPE_CHECKING:  # what the table of factors adds has no name here: see Scenario.values
    _Matrix = _Question
else:
    _Matrix = create_model(
        "_Matrix",
        __base__=_Question,
        __validators__={"variant": field_validator(*VARIANTS, mode="before")(_variant)},
        **{
            name: (tuple[FACTORS[name].kind, ...], Field((usual(name),), min_length=1))
            for name in VARIANTS
        },
    )


class Scenario(_Matrix):
    """What to measure. Every list is a factor: the cells are all combinations."""

    executor: Annotated[str, Field(min_length=1)] = "auto"
    kernel: Annotated[tuple[str, ...], _Named] = ()  # [BASE:]SERIES; none: kernel.toml's
    config: Annotated[tuple[str, ...], _Named] = ()  # of each kernel that is built whole
    boots: int = Field(default=1, ge=BOOTS.least, le=BOOTS.most)
    max_pause: Annotated[str, AfterValidator(known_pause)] = ""  # that a gate holds a run to
    broken: Break | None = Field(default=None, alias="break")
    reps: Annotated[Reps, BeforeValidator(parse_reps), PlainSerializer(_stored_reps)] = AUTO
    seed: int = Field(default=1, ge=SEED.least)
    budget: Annotated[float, _POSITIVE, BeforeValidator(_duration)] | None = None  # seconds

    @classmethod
    def from_dump(cls, stored: Mapping[str, Any]) -> "Scenario":
        """Read what ``model_dump(mode="json")`` made; ValidationError for what it cannot."""
        return cls.model_validate(stored, context=_STORED, by_name=True, by_alias=True)

    def values(self, factor: str) -> tuple[Any, ...]:
        """Return all values that the scenario gives a factor of the table, by its name."""
        found: tuple[Any, ...] = getattr(self, factor)
        return found

    def parts(self) -> tuple["Scenario", ...]:
        """Return the matrices that it is made of: its own, then one for each table of `also`."""
        tables = (each.model_dump(exclude_none=True) for each in self.also)
        return self, *(self.model_copy(update=table) for table in tables)

    @field_validator("mem")
    @classmethod
    def _fits(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        for size in sizes:
            if size > MOST_MEMORY:
                most = format_size(MOST_MEMORY)
                raise ValueError(f"{format_size(size)} is too much: {most} at most")
        return sizes

    def misfit(self) -> tuple[str, str] | None:
        """Return the key whose value does not go with the others, and why; None if all do."""
        return (
            self._start_misfit()
            or self._lone_method()
            or self._lone_break()
            or self._vdpa_misfit()
            or self._soak_misfit()
            or self._memory_misfit()
        )

    def _soak_misfit(self) -> tuple[str, str] | None:
        soak = max(self.values("handovers")) > 1
        if soak and not self.reps.exact:
            return "reps", f"a soak has a known number of reps: '{self.reps}' may end before"
        if self.broken is Break.LOSES_KICK and not (
            soak and any(method.family is Family.VDPA for method in self.method)
        ):
            return "break", f"{self.broken} breaks a soak of a vDPA device: give --handovers"
        return None

    def _start_misfit(self) -> tuple[str, str] | None:
        """Find what does not go with the start of a program, which has no device and no variant."""
        starts = [m for m in self.method if m.experiment is Experiment.VMM_START]
        if not starts:
            return None
        name, others = starts[0], [m for m in self.method if m not in starts]
        if others:
            return "method", f"{name} is the start of a program: measure {others[0]} apart from it"
        if self.device != (NO_DEVICE.name,):
            return "device", f"{name} is the start of a program: it has no device but 'none'"
        if self.broken:
            return "method", f"{name} is the start of a program: --break is for a live update"
        varied = next((v for v in VARIANTS if self.values(v) != (usual(v),)), None)
        if varied:
            return "method", f"{name} is the start of a program: it has no {varied}"
        if odd := next((mem for mem in self.mem if mem % MIB), None):
            return "mem", f"{format_size(odd)} is not a whole number of MiB"
        return None

    def _vdpa_misfit(self) -> tuple[str, str] | None:
        """Find what only vDPA devices have beside a device of another kind, or of this machine."""
        others = [m for m in self.method if m.family not in (Family.VDPA, Family.NONE)]
        for name in ("devices_of_vm", "cvq"):
            if others and self.values(name) != (usual(name),):
                return name, f"{others[0]} is of another kind: this is for vDPA devices"
        here = [device for device in self.device if of_this_machine(device)]
        if here and max(self.values("devices_of_vm")) > 1:
            return "devices_of_vm", f"{here[0]} is of this machine: several are for simulators"
        return None

    def _lone_break(self) -> tuple[str, str] | None:
        if self.broken is Break.SKIPS_REMAP and not (
            {Method.NEW_OWNER, Method.RESUME} & {*self.method}
        ):
            return "break", f"{self.broken} breaks {Method.NEW_OWNER} and {Method.RESUME}"
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
        for name in VARIANTS:
            if self.values(name) == (usual(name),):
                continue
            if handed and FACTORS[name].words.only is Experiment.PIN:
                return name, f"{handed[0]} is a live update: {name} are for pin loops"
            if pins and FACTORS[name].words.only is Experiment.LIVE_UPDATE:
                return "method", f"{pins[0]} is a pin loop: it has no {name}"
        if pins and self.broken:
            return "method", f"{pins[0]} is a pin loop: --break is for a live update"
        return self._lone_device(handed) if handed else None

    def _lone_device(self, methods: list[Method]) -> tuple[str, str] | None:
        """Find a method without a device of its family, or a device without a method."""
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
        most = max((int(count) for count in self.values("regions") if count != QEMU), default=1)
        kinds = ((p, mem) for part in self.parts() for p in part.pages for mem in part.mem)
        for pages, mem in kinds:
            size, fit = format_size(mem), mem // pages.size
            if mem % pages.size:
                whole = f"{pages} pages ({format_size(pages.size)})"
                return "mem", f"{size} is not a whole number of {whole}"
            if fit < max(self.values("threads")):
                return "threads", f"{size} has {fit} {pages} pages: {fit} threads at most"
            if fit < most:
                return "regions", f"{size} has {fit} {pages} pages: {fit} regions at most"
            if QEMU in self.values("regions") and mem % (2 * MIB):
                return "regions", f"qemu: {size} is not a whole number of 2 MiB"
        return None


def fits(method: Method, device: str, devices: Collection[str]) -> bool:
    """Tell whether a method is measured on a device, which is one of the scenario's.

    A method that needs no device is measured on ``none`` alone where that is among them.
    """
    if method.experiment is not Experiment.LIVE_UPDATE:
        return True
    if method.needs_device:
        return method.family is device_named(device).family
    return device == NO_DEVICE.name or NO_DEVICE.name not in devices


def _is_file(path: Path) -> bool:
    """Tell whether there is such a file; a name longer than a file's can be has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def scenario_path(name: str) -> Path:
    """Find the file of a scenario given by name or by path; UsageError lists the known names."""
    path = Path(name)
    if path.suffix == ".toml" or _is_file(path):
        return path
    path = SCENARIOS / f"{name}.toml"
    if not _is_file(path):
        known = near(name, scenario_names())
        raise UsageError(f"no scenario is called '{name}'", f"{known}; or give a .toml")
    return path


def load_scenario(name: str, overrides: Mapping[str, Any]) -> Scenario:
    """Read and check a scenario; ``overrides`` are options of the command line by field.

    UsageError says in a line which option or key of the file is wrong, and what it can be; its
    hint has a line for each of the next that are wrong.
    """
    path = scenario_path(name)
    text, fields = _read(path)
    fields.setdefault("name", path.stem)
    if not Also.model_fields.keys().isdisjoint(overrides):
        fields.pop("also", None)  # who names sizes or pages wants those
    try:
        scenario = Scenario.model_validate({**fields, **overrides})
    except ValidationError as error:
        wrong = all_wrong(error.errors(), _keys_at)
    else:
        problem = scenario.misfit()
        if not problem:
            return scenario
        wrong = [(_place_of(problem[0], scenario), problem[1])]
    lines = [f"{_named(path, text, where, overrides)}: {why}" for where, why in wrong[:_MOST]]
    more = [f"and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else []
    raise UsageError(lines[0], "\n".join([*map(visible, lines[1:]), *more]))


def _named(path: Path, text: str, where: TomlPath, overrides: Mapping[str, Any]) -> str:
    """Name the option that gave a value, or the line of the file that it stands in."""
    option = next((key for key in where[:1] if key in overrides), "")
    return f"--{str(option).replace('_', '-')}" if option else place(path, text, where)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a scenario file, as its text and its keys; UsageError for what is none."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        found = what_is(path)
        why = f"{path}: no scenario but {found.what}" if found else no_toml(path, text, error)
        raise UsageError(why) from None


def _place_of(key: str, scenario: Scenario) -> TomlPath:
    """Return where the value is that does not go with others: maybe in a table of `also`."""
    for number, part in enumerate(scenario.parts()):
        if part.model_copy(update={"also": ()}).misfit():
            also = number - 1
            there = number and key in scenario.also[also].model_fields_set
            return ("also", also, key) if there else (key,)
    return (key,)


def _keys_at(where: TomlPath) -> list[str]:
    """List the keys that can stand where one is wrong: in the file, or in a table of `also`."""
    model = Also if where[:1] == ("also",) else Scenario
    return [field.alias or name for name, field in model.model_fields.items()]
