# SPDX-License-Identifier: GPL-2.0-only
"""Follow cells over many kernels: where their level changed, and whether it creeps."""
