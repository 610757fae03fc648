# SPDX-License-Identifier: GPL-2.0-only
"""Say where the instructions of a phase went: functions, call paths, and how they are stored."""

DIRECTORY = "profiles"  # in a run directory
