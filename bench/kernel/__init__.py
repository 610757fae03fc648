# SPDX-License-Identifier: GPL-2.0-only
"""A patched kernel from Debian packages, in the cache and never on the host."""
