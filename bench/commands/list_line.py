# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench list`."""

from typing import Annotated

import typer

from bench.commands.outcome import Outcome


def list_(
    schema: Annotated[bool, typer.Option(help="Print the JSON schema of scenario files")] = False,
) -> Outcome:
    """List scenarios, and devices with whether they can run here."""
    from bench.commands.list import listing
    from bench.plan.schema import json_schema

    return Outcome(0, json_schema().rstrip("\n") if schema else listing())
