# SPDX-License-Identifier: GPL-2.0-only
"""``python -m bench`` is ``bench``."""

from bench.cli import main

if __name__ == "__main__":
    main()
