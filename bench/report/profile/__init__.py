# SPDX-License-Identifier: GPL-2.0-only
"""Write profiles: tables of functions, flame graphs, and the formats of other programs."""
