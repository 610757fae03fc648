# SPDX-License-Identifier: GPL-2.0-only
"""Run a kernel in QEMU: its command line, its initramfs, its boot and its end."""
