# SPDX-License-Identifier: GPL-2.0-only
"""A kernel in QEMU: its command line, its initramfs, its life."""
