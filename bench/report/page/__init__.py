# SPDX-License-Identifier: GPL-2.0-only
"""Write the page: one HTML file."""
