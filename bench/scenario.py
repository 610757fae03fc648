# SPDX-License-Identifier: GPL-2.0-only
"""Scenario files: one question each, as TOML, checked before anything is measured."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bench.errors import UsageError
from bench.model import DEVICES, Backing, Handover, Method, Pages, Ptes
from bench.paths import SCENARIOS
from bench.units import TIB, format_size, parse_sizes

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


def _known_device(name: str) -> str:
    if name not in DEVICES:
        raise ValueError(f"'{name}' is unknown: known are {', '.join(DEVICES)}")
    return name


Listed = BeforeValidator(_split)


class Scenario(BaseModel):
    """What to measure. Every list is a factor: the cells are all combinations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    question: str = ""
    device: Annotated[tuple[str, ...], Listed, Field(min_length=1)]
    method: Annotated[tuple[Method, ...], Listed, Field(min_length=1)]
    mem: Annotated[tuple[int, ...], BeforeValidator(_sizes), Field(min_length=1)]
    pages: Annotated[tuple[Pages, ...], Listed, Field(min_length=1)]
    backing: Backing = Backing.AUTO
    ptes: Annotated[tuple[Ptes, ...], Listed, Field(min_length=1)] = (Ptes.COLD,)
    handover: Annotated[tuple[Handover, ...], Listed, Field(min_length=1)] = (Handover.EXEC,)
    regions: Annotated[tuple[int, ...], Listed, Field(min_length=1)] = (1,)
    reps: int = Field(default=5, ge=1, le=200)
    seed: int = Field(default=1, ge=0)

    @field_validator("device")
    @classmethod
    def _devices(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_known_device(name) for name in names)

    @field_validator("mem")
    @classmethod
    def _fits(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        for size in sizes:
            if size > LARGEST:
                raise ValueError(f"{format_size(size)} is too much: {format_size(LARGEST)} at most")
        return sizes

    @field_validator("regions")
    @classmethod
    def _some(cls, counts: tuple[int, ...]) -> tuple[int, ...]:
        if any(count < 1 for count in counts):
            raise ValueError("memory is mapped in 1 region or more")
        return counts

    def check_whole_pages(self) -> None:
        """UsageError when a size is not made of whole pages, or of too few for the regions."""
        for pages in self.pages:
            for mem in self.mem:
                if mem % pages.size:
                    raise UsageError(
                        f"--mem: {format_size(mem)} is not a whole number of {pages} pages "
                        f"({format_size(pages.size)})",
                        "choose a multiple, or other --pages",
                    )
                if mem // pages.size < max(self.regions):
                    raise UsageError(f"--regions: {format_size(mem)} has fewer {pages} pages")


def scenario_path(name: str) -> Path:
    """The file of a scenario given by name or by path; UsageError lists the known names."""
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return path
    path = SCENARIOS / f"{name}.toml"
    if not path.is_file():
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    fields.setdefault("name", path.stem)
    try:
        scenario = Scenario.model_validate({**fields, **overrides})
    except ValidationError as error:
        raise UsageError(_first_error(error, path, overrides)) from None
    scenario.check_whole_pages()
    return scenario


def _first_error(error: ValidationError, path: Path, overrides: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else "file"
    where = f"--{key}" if key in overrides else f"{path}: {key}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "enum":
        message = f"'{first['input']}' is unknown: known are {first['ctx']['expected']}"
    elif first["type"] == "extra_forbidden":
        message = f"no such key: known are {', '.join(Scenario.model_fields)}"
    return f"{where}: {message}"
