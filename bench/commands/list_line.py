# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench list`."""

from typing import Annotated

import typer

from bench.commands.outcome import Outcome
from bench.errors import UsageError

# The keys of bench.commands.list.LISTINGS, which takes imports that completion cannot wait for.
SECTIONS = (
    *("scenarios", "methods", "devices", "pages", "breaks", "formats", "styles"),
    *("profile-formats", "history-formats", "kernels", "series"),
)


def list_(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WHAT]...", help=f"{', '.join(SECTIONS)}; without: all"),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="For programs")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of scenario files")
    ] = False,
) -> Outcome:
    """List all that has a name, as scenarios, devices and kernels."""
    if schema:
        from bench.plan.schema import json_schema

        if what or json_:
            raise UsageError("--schema is of scenario files", "leave all else out")
        return Outcome(0, json_schema().rstrip("\n"))
    from bench.commands.list import listing

    return Outcome(0, listing(what or (), json_))
