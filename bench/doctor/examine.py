# SPDX-License-Identifier: GPL-2.0-only
"""Look at everything once, and sort what was found."""

from collections.abc import Iterable
from dataclasses import replace

from bench.doctor.defaults import examine_defaults
from bench.doctor.diagnosis import Diagnosis, Finding, Severity
from bench.doctor.essentials import examine_cache, examine_helper
from bench.doctor.guest import examine_guest
from bench.doctor.host import examine_host
from bench.doctor.limits import examine_limits
from bench.doctor.setup import examine_setup
from bench.machine.facts import machine_facts
from bench.machine.limits import limits

_ORDER = [*Severity]  # as they are declared: the worst first


def examine() -> Diagnosis:
    """Return what can be measured on this machine. Nothing is changed, no network is used.

    Takes seconds, and up to a minute where KVM hangs instead of failing.
    """
    machine = machine_facts()
    cache, helper = examine_cache(), examine_helper()
    limited = examine_limits(limits())
    # A limit that stops bench closes every way, as a cache does that cannot be written.
    needed = next((f for f in (cache, *limited) if f.state is Severity.PROBLEM), cache)
    guest, guest_ways = examine_guest(machine, needed, helper)
    host, host_ways = examine_host(machine, needed, helper)
    findings = (
        cache,
        helper,
        *guest,
        *host,
        *limited,
        *examine_setup(machine),
        *examine_defaults(),
    )
    return Diagnosis(ordered(findings, bool(machine.root)), (*guest_ways, *host_ways), machine)


def ordered(findings: Iterable[Finding], root: bool) -> tuple[Finding, ...]:
    """Sort findings, the worst first; ``root`` needs no sudo, which may not be installed."""
    if root:
        findings = (replace(f, fix=f.fix.replace("sudo ", "")) for f in findings)
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.state)))
