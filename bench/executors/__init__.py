# SPDX-License-Identifier: GPL-2.0-only
"""Where a cell runs: an executor turns a block into reps."""
