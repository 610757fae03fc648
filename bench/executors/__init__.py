# SPDX-License-Identifier: GPL-2.0-only
"""Measure blocks: an executor is a place where cells run, and turns a block into reps."""
