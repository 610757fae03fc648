# SPDX-License-Identifier: GPL-2.0-only
"""Build a patched kernel from Debian's packages in the cache. Nothing is installed."""
