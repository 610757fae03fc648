# SPDX-License-Identifier: GPL-2.0-only
"""Write and read run directories: run.json and samples.jsonl."""
