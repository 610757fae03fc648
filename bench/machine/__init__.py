# SPDX-License-Identifier: GPL-2.0-only
"""Read what is known of this machine, and change nothing of it."""
