# SPDX-License-Identifier: GPL-2.0-only
"""Provide the words of the project as types: no I/O, nothing that changes after it is made."""
