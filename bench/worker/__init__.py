# SPDX-License-Identifier: GPL-2.0-only
"""What runs where a guest does: the standard library, bench.errors, and nothing else."""
