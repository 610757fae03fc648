# SPDX-License-Identifier: GPL-2.0-only
"""Print all tables of docs/quality.md and docs/history.md but those of real guests: an hour.

python -m tests.quality
"""

from runpy import run_module

TABLES = ("counted", "gate_quality", "sessions", "families", "coverage", "histories", "speed")

if __name__ == "__main__":
    for name in TABLES:
        print(f"\n{name}\n", flush=True)
        run_module(f"tests.quality.{name}", run_name="__main__")
