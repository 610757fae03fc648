# SPDX-License-Identifier: GPL-2.0-only
"""Engines that start what measures blocks elsewhere: processes, Dask, or any Executor."""
