# SPDX-License-Identifier: GPL-2.0-only
"""Make the tables of a report: cells, figures, sections."""
