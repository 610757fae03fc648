# SPDX-License-Identifier: GPL-2.0-only
"""Print tables as plain text and on terminals."""
