# SPDX-License-Identifier: GPL-2.0-only
"""Carry out one command of the command line each."""
