# SPDX-License-Identifier: GPL-2.0-only
"""Run bench as a test of ReFrame: docs/ci.md has the command line."""

import json
from pathlib import Path
from typing import Any

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import run_before, sanity_function, variable


@rfm.simple_test
class LiveUpdatePause(rfm.RunOnlyRegressionTest):
    """Measures a scenario in a guest, and has the pause of each method and their ratio."""

    descr = "Pause of a live update, in instructions of the guest"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    sourcesdir = None
    num_cpus_per_task = 1
    time_limit = "1h"
    bench = variable(str, value=str(Path(__file__).parents[1] / ".venv/bin/bench"))
    scenario = variable(str, value="smoke")
    options = variable(str, value="")  # more of `bench run`, as in --mem 1G

    @run_before("run")
    def _set_commands(self) -> None:
        self.executable = self.bench
        words = ["run", self.scenario, "--clock", "icount", "--out", "run"]
        self.executable_opts = [*words, *self.options.split()]
        report = f"{self.bench} report run --format json --out run.json"
        self.postrun_cmds = ["echo $? >exit-code", report]

    def _text(self, name: str) -> str:
        return Path(self.stagedir, name).read_text()

    def _cells(self) -> list[dict[str, Any]]:
        return list(json.loads(self._text("run.json"))["runs"][0]["cells"])

    @sanity_function
    def every_cell_is_measured(self) -> Any:
        """Fail with what bench says where it fails, or with the cells that have no figure."""
        code = self._text("exit-code").strip()
        if code != "0":
            return sn.assert_true(False, f"exit code {code}: {self._text('rfm_job.err')[-500:]}")
        failed = [f"{c['name']}: {c['reason']}" for c in self._cells() if c["status"] != "measured"]
        return sn.assert_eq(failed, [])

    @run_before("performance")
    def _set_figures(self) -> None:
        for cell in [] if self.is_dry_run() else self._cells():
            name = f"{cell['method']}_{cell['mem'] >> 20}MiB"
            self._add(name, cell["pause"]["median"], "instructions")
            if cell["ratio"]:
                self._add(f"{name}_ratio", cell["ratio"], "x")

    def _add(self, name: str, value: float, unit: str) -> None:
        self.perf_variables[name] = sn.make_performance_function(sn.defer(value), unit)
