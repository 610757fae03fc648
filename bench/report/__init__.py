# SPDX-License-Identifier: GPL-2.0-only
"""Reports: what people read, from what was stored."""
