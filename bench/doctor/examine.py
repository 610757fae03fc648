# SPDX-License-Identifier: GPL-2.0-only
"""Look at everything once, and put it in order."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bench.doctor.cache import examine_cache
from bench.doctor.diagnosis import Diagnosis, Finding, Severity
from bench.doctor.guest import examine_guest
from bench.doctor.host import examine_host
from bench.doctor.programs import examine_helper
from bench.doctor.setup import examine_setup
from bench.machine import facts as machine

_ORDER = [*Severity]  # as they are declared: the worst first


def examine() -> Diagnosis:
    """Takes seconds, and up to a minute where KVM hangs instead of failing. No network."""
    facts = machine.facts()
    cache, helper = examine_cache(), examine_helper()
    guest, guest_ways = examine_guest(facts, cache, helper)
    host, host_ways = examine_host(facts, cache, helper)
    findings = (cache, helper, *guest, *host, *examine_setup(facts))
    return Diagnosis(ordered(findings, facts), (*guest_ways, *host_ways), facts)


def ordered(findings: Iterable[Finding], facts: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The worst first, and no sudo for who needs none and may not have it."""
    if facts.get("root"):
        findings = (replace(f, fix=f.fix.replace("sudo ", "")) for f in findings)
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.state)))
