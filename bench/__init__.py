# SPDX-License-Identifier: GPL-2.0-only
"""What a live update of a virtual machine costs when its device is a vDPA device."""

__version__ = "0.1.0"
