# SPDX-License-Identifier: GPL-2.0-only
"""`bench profile`: where the instructions of a run went, for people and for other programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.commands.outcome import Outcome, write_out
from bench.errors import UsageError
from bench.model.cell import Cell
from bench.model.method import Method
from bench.model.near import near
from bench.model.units import format_size
from bench.profile.profile import INSTRUCTIONS, Profile
from bench.profile.stored import load_profiles
from bench.report.formats import ProfileFormat
from bench.report.profile.difference import difference_section, joined
from bench.report.profile.folded import folded, folded_difference
from bench.report.profile.portion import Portion, portion, require_counts
from bench.report.profile.top import top_section
from bench.report.table.section import Section
from bench.results.reader import read_facts
from bench.results.series import all_runs_below
from bench.sides import cell_name

FORMATS = tuple(ProfileFormat)
TOP, FOLDED, CALLGRIND, SPEEDSCOPE, SVG = FORMATS
_OF_SEVERAL = (TOP, SVG)  # formats that take several cells
_OF_TWO = (TOP, FOLDED, SVG)  # formats of a difference
_NAMED = 6  # cells or runs in a complaint

Pair = tuple[Portion, Portion, tuple[str, str]]  # BASE, NEW, and what they are called


@dataclass(frozen=True)
class ProfileOptions:
    """What `bench profile` was asked for."""

    path: Path
    cell: str = ""  # words of its label
    phases: tuple[str, ...] = ()
    kind: str = INSTRUCTIONS
    format: str = TOP
    out: Path | None = None
    against: str = ""  # a run directory, or a method


def profiled(wanted: ProfileOptions) -> Outcome:
    """Write the profiles of a run in one format, or what differs from others."""
    _check(wanted)
    profiles = _load(wanted.path)
    chosen = _chosen(profiles, wanted)
    spans = _spans(wanted.phases, chosen)
    if wanted.against:
        made = _difference(wanted, _pairs(wanted, profiles, chosen, spans))
    else:
        made = _alone(wanted, [portion(each, spans, wanted.kind) for each in chosen])
    return _outcome(wanted, made)


def _check(wanted: ProfileOptions) -> None:
    if wanted.format not in FORMATS:
        raise UsageError(f"--format: '{wanted.format}' is unknown: {near(wanted.format, FORMATS)}")
    if wanted.against and wanted.format not in _OF_TWO:
        hint = f"leave it out, or write {', '.join(_OF_TWO)}"
        raise UsageError(f"--against: there is no difference in --format {wanted.format}", hint)
    if wanted.format == CALLGRIND and wanted.kind != INSTRUCTIONS:
        raise UsageError("--kind: --format callgrind has all kinds of counts", "leave it out")


def _load(path: Path) -> dict[Cell, Profile]:
    """Read the profiles of a run, or of the one of its boots that has them."""
    found = {}
    for run in all_runs_below(path):
        read_facts(run / "run.json")  # complains of what is no run
        if profiles := load_profiles(run):
            found[run] = profiles
    if not found:
        hint = "measure with bench run ... --profile"
        raise UsageError(f"{path}: this run has no profiles", hint)
    if len(found) > 1:
        raise UsageError(
            f"{path}: {len(found)} of its runs have profiles", f"name one: {_list(found)}"
        )
    return next(iter(found.values()))


def _chosen(profiles: Mapping[Cell, Profile], wanted: ProfileOptions) -> list[Profile]:
    """Choose the cells that have all words of --cell; one alone where the format takes one."""
    found = [cell for cell in profiles if cell.label == wanted.cell.strip()] or [
        cell for cell in profiles if {*wanted.cell.split()} <= _words(cell)
    ]
    if not found:
        raise UsageError(
            f"--cell: no profile of a cell with the words '{wanted.cell}'",
            f"there are: {_list(cell.label for cell in profiles)}",
        )
    if len(found) > 1 and wanted.format not in _OF_SEVERAL:
        raise UsageError(
            f"--format {wanted.format} takes one cell, and these are {len(found)}",
            f"--cell chooses one by its words: {_list(cell.label for cell in found)}",
        )
    return [profiles[cell] for cell in sorted(found)]


def _words(cell: Cell) -> set[str]:
    """Return the words of a cell as reports, the gate and --mem spell it."""
    size = format_size(cell.mem).replace(" ", "").removesuffix("iB")
    return {*cell.label.split(), *cell_name(cell).split(), size}


def _spans(phases: Iterable[str], profiles: Sequence[Profile]) -> list[str]:
    """Read --phase: names that any of the profiles has; none stands for the pause."""
    asked = [name.strip() for each in phases for name in each.split(",")]
    known = [*dict.fromkeys(name for profile in profiles for name in profile.spans)]
    for name in asked:
        if name not in known:
            raise UsageError(f"--phase: '{name}' is unknown: known are {', '.join(known)}")
    return asked


def _pairs(
    wanted: ProfileOptions,
    profiles: Mapping[Cell, Profile],
    chosen: Sequence[Profile],
    spans: Sequence[str],
) -> list[Pair]:
    """Find what each cell is held against: the same one of a run, or another method's."""
    if wanted.against in [*Method]:
        method = Method(wanted.against)
        found = _of_method(profiles, chosen, method)
        names = [(method.value, each.cell.method.value) for each in chosen]
    else:
        base = Path(wanted.against)
        if not base.exists():
            hint = f"name a run directory, or a method: {_list(_methods(profiles))}"
            raise UsageError(f"--against: '{base}' is neither a run nor a method", hint)
        found = _of_run(_load(base), base, chosen)
        names = [("BASE", "NEW")] * len(chosen)
    pairs = []
    for profile, other, heads in zip(chosen, found, names, strict=True):
        sides = (portion(other, spans, wanted.kind), portion(profile, spans, wanted.kind))
        pairs.append((*sides, heads))
    return pairs


def _methods(profiles: Iterable[Cell]) -> list[str]:
    return [*dict.fromkeys(cell.method.value for cell in profiles)]


def _of_method(
    profiles: Mapping[Cell, Profile], chosen: Sequence[Profile], method: Method
) -> list[Profile]:
    """Find the cell of a method beside each; of several devices the one that is the same."""
    found = []
    for cell in (each.cell for each in chosen):
        if cell.method is method:
            said = f"--against: {cell.label} would be held against itself"
            raise UsageError(said, "--cell chooses another method")
        rest = cell.without("device", "method")
        beside = [
            c for c in profiles if c.method is method and c.without("device", "method") == rest
        ]
        same = [each for each in beside if each.device == cell.device] or beside
        if len(same) != 1:
            said = f"--against: {cell.label} has {len(same) or 'no'} {method} beside it"
            raise UsageError(said, f"there are: {_list(each.label for each in profiles)}")
        found.append(profiles[same[0]])
    return found


def _of_run(base: Mapping[Cell, Profile], path: Path, chosen: Sequence[Profile]) -> list[Profile]:
    for profile in chosen:
        if profile.cell not in base:
            hint = f"there are: {_list(cell.label for cell in base)}"
            raise UsageError(f"--against: {path} has no profile of {profile.cell.label}", hint)
    return [base[profile.cell] for profile in chosen]


def _difference(wanted: ProfileOptions, pairs: Sequence[Pair]) -> str | list[Section]:
    if wanted.format == TOP:
        return [difference_section(base, new, heads) for base, new, heads in pairs]
    for base, new, _ in pairs:
        require_counts(new if new.total else base)
    if wanted.format == FOLDED:
        base, new, _ = pairs[0]
        return folded_difference(*joined(base, new))
    from bench.report.profile.flame import flame_difference, flame_file

    return flame_file([flame_difference(*pair) for pair in pairs])


def _alone(wanted: ProfileOptions, taken: Sequence[Portion]) -> str | list[Section]:
    if wanted.format == TOP:
        return [top_section(each) for each in taken]
    counted = [each for each in taken if each.total] or taken
    for each in counted:
        require_counts(each)
    if wanted.format == FOLDED:
        return folded(taken[0])
    if wanted.format == SPEEDSCOPE:
        from bench.report.profile.speedscope import speedscope

        return speedscope(taken[0])
    if wanted.format == CALLGRIND:
        from bench.report.profile.callgrind import callgrind

        return callgrind(taken[0].profile, taken[0].spans)
    from bench.report.profile.flame import flame, flame_file

    return flame_file([flame(each) for each in counted])


def _outcome(wanted: ProfileOptions, made: str | list[Section]) -> Outcome:
    if wanted.out is None:
        return (
            Outcome(0, made.rstrip("\n"))
            if isinstance(made, str)
            else Outcome(0, sections=tuple(made))
        )
    if not isinstance(made, str):
        from bench.report.text.text import sections_text

        made = sections_text(made)
    write_out(wanted.out, made.rstrip("\n"))
    return Outcome(0)


def _list(names: Iterable[object]) -> str:
    """Join names; of many the first ones, and how many there are more."""
    every = [*map(str, names)]
    more = [f"and {len(every) - _NAMED} more"] if len(every) > _NAMED + 1 else []
    return "; ".join([*every[:_NAMED], *more] if more else every)
