# SPDX-License-Identifier: GPL-2.0-only
"""What runs where a guest does: the standard library, and what of bench needs no more."""
