# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the patches on real kernels, held against a model of it."""
