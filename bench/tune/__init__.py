# SPDX-License-Identifier: GPL-2.0-only
"""Set up the host for a measurement, and put it back."""
