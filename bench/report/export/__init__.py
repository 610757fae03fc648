# SPDX-License-Identifier: GPL-2.0-only
"""Write results for other programs."""
