# SPDX-License-Identifier: GPL-2.0-only
"""Statistics: pure functions on arrays."""
