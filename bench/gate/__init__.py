# SPDX-License-Identifier: GPL-2.0-only
"""Judge two sides: a verdict for each cell, and an exit code."""
