# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share: property tests that find the same things every time."""

from hypothesis import settings

settings.register_profile("bench", derandomize=True, deadline=None, database=None)
settings.load_profile("bench")
