# SPDX-License-Identifier: GPL-2.0-only
"""Build the wheel and the sdist of bench."""
