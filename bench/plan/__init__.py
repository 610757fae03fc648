# SPDX-License-Identifier: GPL-2.0-only
"""Turn a scenario into a plan: cells, their order, how long they take."""
