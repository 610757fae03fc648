# SPDX-License-Identifier: GPL-2.0-only
"""Programs that stand in for the machine's own where something has to fail."""

from pathlib import Path


def program(directory: Path, name: str, script: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
