#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A step of git bisect in a repository whose patches/ is a series on top of live-update:
#
#	bench run smoke --clock icount --mem 128M --reps 5 --kernel live-update+./patches --out BASE
#	git bisect start BAD GOOD
#	git bisect run sh bisect-step.sh BASE
#
# with the first line on GOOD, and BASE outside of the repository or ignored by it. A commit
# whose kernel does not build, or does not pass its proof, is skipped (125): nothing is known
# of its pause. A base that cannot be read ends the bisection (128): it would be so each time.

base=${1:?BASE is missing}
new=$(mktemp -d) || exit 128
trap 'rm -rf "$new"' EXIT
trap 'exit 128' INT TERM # without it dash leaves what it made

bench report "$base" >"$new/base.txt" || exit 128

bench run smoke --clock icount --mem 128M --reps 5 --kernel live-update+./patches \
	--out "$new/run" || exit 125

bench gate "$base" "$new/run" --threshold 0.5%
case $? in
0) exit 0 ;;
1) exit 1 ;;
125) exit 125 ;;
*) exit 128 ;;
esac
