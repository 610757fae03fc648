#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The compiler of a whole kernel: gcc by way of ccache, but not for what .incbin includes.
#
# CCACHE_DEPEND (see whole.py) knows a file by the headers that gcc lists, and gcc lists no
# .incbin: piggy.S, which holds the compressed kernel, came from the cache with that of another
# build when the two were as long as each other.
for word; do
	case $word in
	*.[cS]) ! grep -qs '\.incbin' "$word" || exec gcc "$@" ;;
	esac
done
exec ccache gcc "$@"
