# SPDX-License-Identifier: GPL-2.0-only
"""Undo what a run changed on every way out of it, kill -9 included."""
