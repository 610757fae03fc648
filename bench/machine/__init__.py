# SPDX-License-Identifier: GPL-2.0-only
"""Read what is known of this machine. Nothing is changed."""
