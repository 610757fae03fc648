# SPDX-License-Identifier: GPL-2.0-only
"""Runs of thousands of blocks and workers on one machine, whose guests are replayed."""
