# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that are built whole, for real: minutes each. They run by `make test-kernels`."""
