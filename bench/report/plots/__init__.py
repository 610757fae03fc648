# SPDX-License-Identifier: GPL-2.0-only
"""Draw the plots of a page as SVG."""
