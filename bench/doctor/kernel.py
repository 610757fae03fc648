# SPDX-License-Identifier: GPL-2.0-only
"""Examine what the guest's kernel takes: programs, and Debian's archive."""

from bench.doctor.diagnosis import Finding, Severity
from bench.doctor.essentials import install
from bench.errors import BenchError, MissingTool
from bench.kernel import archive, modules, packages, whole
from bench.kernel.config import load_config
from bench.kernel.modules import cached_kernel
from bench.kernel.packages import cached_packages
from bench.model.settings import MIRROR
from bench.process import missing_tools


def examine_kernel() -> tuple[Finding, ...]:
    """Return findings about Debian's kernel, its archive, and kernels that are built whole."""
    return _debian(), examine_archive(), examine_whole()


def _debian() -> Finding:
    """Judge whether Debian's kernel is built, or can be."""
    topic = "guest kernel"
    kernel = cached_kernel()
    if kernel:
        return Finding(topic, Severity.OK, f"{kernel.name} is built")
    config = load_config()
    fetched = cached_packages(config)
    to_fetch = {} if fetched else archive.PROGRAMS | packages.PROGRAMS
    absent = missing_tools(to_fetch | modules.programs(config))
    if absent:
        text = f"not installed, and the kernel is built with it: {', '.join(absent)}"
        return Finding(topic, Severity.PROBLEM, text, install(absent))
    if fetched:
        text = f"the first run builds {fetched.release}, in about a minute"
        return Finding(topic, Severity.INFO, text, "bench kernel")
    try:
        archive.ready()
    except BenchError as error:
        text = f"its packages cannot be had: {error.message}"
        return Finding(topic, Severity.PROBLEM, text, _fix(error))
    text = (
        f"the first run downloads {config.host.image} and what belongs to it, and builds its"
        " modules: minutes, and the network"
    )
    return Finding(topic, Severity.INFO, text, "bench kernel")


def examine_archive() -> Finding:
    """Judge whether Debian's packages can be had; a kernel that is built needs none."""
    try:
        return Finding("debian archive", Severity.OK, archive.ready())
    except BenchError as error:
        return Finding("debian archive", Severity.INFO, error.message, _fix(error))


def _fix(error: BenchError) -> str:
    """Return a command for what the archive lacks."""
    if isinstance(error, MissingTool):
        return install({"": error.hint.rpartition(" ")[2]})
    return f"export {MIRROR}=http://HOST/debian  # a mirror near you"


def examine_whole() -> Finding:
    """Say whether kernels can be built whole, which Debian's own need not be."""
    if absent := whole.missing_programs():
        text = f"optional, for kernels built whole; not installed: {', '.join(absent)}"
        return Finding("whole kernels", Severity.INFO, text, install(absent))
    return Finding("whole kernels", Severity.OK, "what they are built with is installed")
