# SPDX-License-Identifier: GPL-2.0-only
"""Speak with the helper: its command line, and the lines that it writes."""
