# SPDX-License-Identifier: GPL-2.0-only
"""The text for a patch's cover letter: ASCII, at most 75 columns, ready to paste."""

from bench.report.letter.letter import cover_letter

__all__ = ["cover_letter"]
