# SPDX-License-Identifier: GPL-2.0-only
"""Find out what can be measured on this machine, what not, and how to change that. Read only."""

from bench.doctor.diagnosis import Diagnosis, Finding, Severity, Way, as_dict, render
from bench.doctor.examine import examine

__all__ = ["Diagnosis", "Finding", "Severity", "Way", "as_dict", "examine", "render"]
