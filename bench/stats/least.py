# SPDX-License-Identifier: GPL-2.0-only
"""How many values a statistic takes, for those who say so without computing any."""

from math import ceil, log2

LEAST_OF_MEDIAN = ceil(-log2((1 - 0.95) / 2))  # values that the 95 % interval of a median takes
