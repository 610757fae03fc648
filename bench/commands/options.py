# SPDX-License-Identifier: GPL-2.0-only
"""Define the arguments and options that several commands have, or that take a long line."""

from pathlib import Path
from typing import Annotated

import typer

from bench.model.limits import JOBS, REPS
from bench.report.formats import NAMES, HistoryFormat, LetterStyle, ProfileFormat

# Options of `bench run` that are no fields of a scenario.
_WAYS = ("clock", "tune", "resume", "jobs", "fresh", "shard", "on", "plan")
_OUTPUT = ("out", "format", "export")
NOT_FIELDS = ("scenario", *_WAYS, *_OUTPUT, "profile", "count", "lines")

RunsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN...", help="Run directories, or directories of them (boots of a kernel)"
    ),
]
FormatOption = Annotated[str | None, typer.Option("--format", help=", ".join(NAMES))]
RunFormatOption = Annotated[
    str | None,
    typer.Option("--format", help="Print it as bench report --format would; ktap: exit 0, 1, 4"),
]
ExportOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Write it there too, in the format of the ending; or FORMAT:FILE; may be repeated",
    ),
]
SchemaOption = Annotated[str | None, typer.Option(help="Print the schema of json or csv instead")]
AgainstOption = Annotated[
    Path | None, typer.Option("--base", help="Of cover-letter and page: hold the runs against it")
]
StyleOption = Annotated[str | None, typer.Option(help=f"Of cover-letter: {', '.join(LetterStyle)}")]
RangeOption = Annotated[
    str | None, typer.Option("--range", help="Of cover-letter: the patch series, commits A..B")
]
TreeOption = Annotated[Path | None, typer.Option(help="The git tree of --range; without it, here")]
BaseArgument = Annotated[
    Path, typer.Argument(help="A run, a series of boots, pyperf or baseline file")
]
NewArgument = Annotated[Path, typer.Argument(help="The same, to be judged")]
NewOrNoneArgument = Annotated[Path | None, typer.Argument(help="The same, to be judged")]
KtapOption = Annotated[
    bool, typer.Option("--ktap", help="Print verdicts as KTAP, and exit with 0, 1 or 4")
]
ThresholdOption = Annotated[
    str, typer.Option(help="The smallest change that counts: 2%, or half of --must-see")
]
MustSeeOption = Annotated[str, typer.Option(help="125 where a slowdown of this would be missed")]
PlanOption = Annotated[
    bool, typer.Option("--plan", help="Only say how many boots --must-see takes, by BASE")
]
FloorOption = Annotated[str, typer.Option(help="Noise of this machine: no change below it counts")]
AaOption = Annotated[
    Path | None, typer.Option(help="Sessions of one kernel, of counts boots: noise")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Compare unlike or damaged things")]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Name the functions that grew, by a profiled pass")
]
UpdateOption = Annotated[
    bool, typer.Option("--update", help="Ask for the newest package of the series")
]
ProfiledArgument = Annotated[Path, typer.Argument(help="A run that was measured with --profile")]
CellOption = Annotated[str, typer.Option(help="Words that all have to be in the cell's name")]
PhaseOption = Annotated[
    list[str] | None, typer.Option(help="release,exec, settle, ...; without: the whole pause")
]
KindOption = Annotated[str, typer.Option(help="instructions, or what --count counted")]
ProfileFormatOption = Annotated[str, typer.Option("--format", help=", ".join(ProfileFormat))]
HeldAgainstOption = Annotated[
    str, typer.Option("--against", help="What changed from there: a run, or a method")
]
KernelsOption = Annotated[
    str | None, typer.Option(help="[BASE:]SERIES, as 7.3:live-update; a,b: both in turn")
]
ConfigsOption = Annotated[
    str | None, typer.Option(help="Of a kernel built whole: plain, lines, debug, ... or a file")
]
BudgetOption = Annotated[
    str | None, typer.Option(help="Measure what fits into a time above zero: 90s, 10m, 1.5h")
]
RepsOption = Annotated[
    str | None, typer.Option(help=f"Of each cell, {REPS}; 5+: so many or more; auto: 3+")
]
SecondsOption = Annotated[
    Path | None, typer.Option(help="A calibration: estimate times of counted phases")
]
JobsOption = Annotated[
    str | None, typer.Option(help=f"Blocks at once under icount: auto, or {JOBS}")
]
ShardOption = Annotated[
    str | None, typer.Option(help="One part of the plan, 2/8: bench merge puts parts together")
]
PlanOfRunOption = Annotated[
    bool, typer.Option("--plan", help="Only say what would be measured, and how long it takes")
]
OnOption = Annotated[
    str | None,
    typer.Option(help="Who measures: local:N, dask:ADDRESS, dask-slurm:FILE, or an entry point"),
]
PartsArgument = Annotated[
    list[Path], typer.Argument(metavar="PART...", help="What bench run --shard has measured")
]
PointsArgument = Annotated[
    list[Path], typer.Argument(help="Stores, runs, boots of kernels, baselines, or all below")
]
HistoryFormatOption = Annotated[str, typer.Option("--format", help=", ".join(HistoryFormat))]
OrderOption = Annotated[str, typer.Option(help="commit, date or named; without: what all have")]
CommitsOption = Annotated[Path | None, typer.Option(help="The git tree that orders commits")]
ReferenceOption = Annotated[
    str, typer.Option(help="A commit, name or date; without: the first since the last break")
]
CreepOption = Annotated[str, typer.Option(help="By how much a level may be worse")]
LeastOption = Annotated[str, typer.Option(help="The smallest change point")]
AddOption = Annotated[
    Path | None, typer.Option(help="Add a run, or boots of a kernel, to the store PATH")
]
CommitOption = Annotated[str, typer.Option(help="Of --add: what was measured")]
DateOption = Annotated[str, typer.Option(help="Of --add: when; without: when the run began")]
