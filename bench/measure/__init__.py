# SPDX-License-Identifier: GPL-2.0-only
"""Measure a plan block by block, and go on with one that was interrupted."""
