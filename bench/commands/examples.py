# SPDX-License-Identifier: GPL-2.0-only
"""Command lines that `--help` and the man pages show as examples."""

from collections.abc import Mapping

# By command; "" is bench itself. Lines stay below 80 columns with two spaces before them.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "bench doctor",
        "bench run smoke",
        "bench report reports/DIRECTORY --format page --out page.html",
        "bench gate BASE NEW --threshold 0.5%",
    ),
    "run": (
        "bench run --mem 1G,64G --pages thp,hugetlb-2m --reps 5+",
        "bench run smoke --export page.html --export kcidb:kcidb.json",
        "bench run --kernel live-update,stock --method reopen --boots 5",
        "bench run scaling --on dask:tcp://SCHEDULER:8786",
    ),
    "merge": (
        "bench run smoke --mem 64M,128M --shard 1/2 --out part1",
        "bench merge part1 part2 --out whole",
    ),
    "report": (
        "bench report reports/DIRECTORY",
        "bench report A B --format cover-letter --base A",
        "bench report RUN --format page --out page.html",
        "bench report --schema json",
    ),
    "profile": (
        "bench run smoke --profile --count atomics --out RUN",
        "bench profile RUN --cell new-owner --phase release,map",
        "bench profile RUN --format svg --out flames.svg",
        "bench profile RUN --cell new-owner --against reset-owner",
    ),
    "calibrate": (
        "bench calibrate --out here.json",
        "bench report RUN --seconds here.json",
    ),
    "compare": (
        "bench compare BASE NEW",
        "bench compare BASE NEW --threshold 0.5% --explain",
    ),
    "gate": (
        "bench gate BASE NEW --threshold 0.5% --junit verdicts.xml",
        "bench gate BASE --must-see 1% --plan",
        "bench gate base.json --kernel-from-tree ../linux --rev HEAD",
        "git bisect run bench gate ../base --kernel-from-tree . --threshold 0.5%",
    ),
    "history": (
        "bench history STORE --add RUN --commit v6.12-rc3",
        "bench history STORE --tree ../linux",
        "bench history STORE --format page --out history.html",
    ),
    "list": (
        "bench list",
        "bench list methods devices",
        "bench list kernels --json",
        "bench list --schema",
    ),
    "completion": (
        "bench completion bash",
        "bench completion fish",
    ),
    "man": (
        "bench man --install",
        "bench man build/man",
    ),
    "doctor": (
        "bench doctor",
        "bench doctor --json",
    ),
    "kernel": (
        "bench kernel build",
        "bench kernel list",
    ),
    "kernel build": (
        "bench kernel build 7.3:live-update",
        "bench kernel build mine --tree ../linux --rev HEAD",
        "bench kernel build 7.3:live-update --config debug",
    ),
    "kernel list": (
        "bench kernel list",
        "bench run --kernel 7.3:live-update",
    ),
    "kernel prune": (
        "bench kernel prune",
        "bench kernel prune mine",
    ),
}


def epilog(command: str) -> str:
    """Return what stands below the options of a command's help: its examples, a line each."""
    lines = "\n".join(f"  {line}" for line in EXAMPLES[command])
    return f"\b\nExamples:\n{lines}"
