# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench list`: all that has a name on the command line, and what it stands for.

Each section comes from the table that the code itself goes by.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.errors import UsageError
from bench.executors.guest_setup import why_not_here
from bench.kernel.config import load_config, source_bases
from bench.kernel.kernel import built_kernels
from bench.kernel.name import known_bases
from bench.kernel.series import STOCK, names_of_series, subject_of
from bench.kernel.tree import laid_trees
from bench.model.cell import Break, Pages
from bench.model.described import Described
from bench.model.device import DEVICES
from bench.model.method import Experiment, Method
from bench.model.near import near
from bench.paths import scenario_names
from bench.plan.scenario import load_scenario
from bench.report.formats import FORMATS_OF_REPORTS, HistoryFormat, LetterStyle, ProfileFormat
from bench.report.table.section import Column, Entry, make_table
from bench.report.text.text import table_text

Row = tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A section: the heads of its columns, the first of which is the name, and its rows."""

    heads: Row
    rows: Callable[[], Iterable[Row]]

    def text(self) -> str:
        """Write it as a table."""
        columns = (Column(head, right=False) for head in self.heads)
        return table_text(make_table(columns, (map(Entry, row) for row in self.rows())))

    def records(self) -> list[dict[str, str]]:
        """Return its rows for programs: ``name`` first, ``about`` last, between them as headed."""
        keys = ("name", *(head.replace(" ", "_") for head in self.heads[1:-1]), "about")
        return [dict(zip(keys, row, strict=True)) for row in self.rows()]


def _scenarios() -> Iterable[Row]:
    return ((name, load_scenario(name, {}).question) for name in scenario_names())


def _methods() -> Iterable[Row]:
    return ((method, _kind_of(method), method.does) for method in Method)


def _kind_of(method: Method) -> str:
    """Name the kind of devices that have a method."""
    if not method.needs_device and method.experiment is Experiment.LIVE_UPDATE:
        return "any"
    return method.family


def _devices() -> Iterable[Row]:
    for device in DEVICES.values():
        yield device.name, device.family, why_not_here(device) or "yes", device.stands_for


def _described(*kinds: type[Described]) -> Callable[[], Iterable[Row]]:
    return lambda: ((each, each.does) for kind in kinds for each in kind)


def _formats() -> Iterable[Row]:
    return ((each.name, ", ".join(each.endings), each.reader) for each in FORMATS_OF_REPORTS)


def _kernels() -> Iterable[Row]:
    """List what a kernel can be made of, and those that are built."""
    usual, whole = load_config().series, source_bases()
    laid = {tree.name: tree.origin() for tree in laid_trees()}
    for base in known_bases():
        origin = laid.get(whole[base].tree if base in whole else base)
        if base == usual:
            yield base, "packages", "Debian's own, of which drivers are built"
        elif origin:
            yield base, "source here", f"built whole of {origin.described}"
        else:
            yield base, "not fetched", "built whole of Debian's source"
    for kernel in built_kernels():
        when = f"built {datetime.fromtimestamp(kernel.built):%Y-%m-%d %H:%M}"
        yield kernel.path.name, when, f"of {kernel.source or kernel.base or usual}"


def _series() -> Iterable[Row]:
    yield from ((name, subject_of(name)) for name in names_of_series())
    yield STOCK, "no patch at all"


LISTINGS: Mapping[str, Listing] = {
    "scenarios": Listing(("scenario", "its question"), _scenarios),
    "methods": Listing(("method", "kind", "what it does"), _methods),
    "devices": Listing(("device", "kind", "runs here", "stands for"), _devices),
    "pages": Listing(("pages", "what they are"), _described(Pages)),
    "breaks": Listing(("break", "what is wrong"), _described(Break)),
    "formats": Listing(("format", "endings", "for"), _formats),
    "styles": Listing(("style of a letter", "what it is"), _described(LetterStyle)),
    "profile-formats": Listing(("format of a profile", "for"), _described(ProfileFormat)),
    "history-formats": Listing(("format of a history", "for"), _described(HistoryFormat)),
    "kernels": Listing(("kernel", "state", "what it is"), _kernels),
    "series": Listing(("series of patches", "what it does"), _series),
}


def listing(names: Sequence[str], for_programs: bool = False) -> str:
    """List the sections of these names, or all, as tables or as JSON; UsageError for no section."""
    for name in names:
        if name not in LISTINGS:
            raise UsageError(f"there is no list of '{name}'", near(name, LISTINGS))
    chosen = {name: LISTINGS[name] for name in names or LISTINGS}
    if for_programs:
        return json.dumps({name: each.records() for name, each in chosen.items()}, indent=2)
    return "\n\n".join(each.text() for each in chosen.values())
