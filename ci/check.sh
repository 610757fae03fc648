# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Look at all variables before anything is installed or measured, so that a
# wrong one takes seconds.

# The variables of docs/ci.md, without BENCH_CI_.
KNOWN="SCENARIO OPTIONS CLOCK TREE MIRROR SERIES RUN THRESHOLD GATE_OPTIONS CREEP NAME
BRANCH KEEP ACCEPT TOKEN DEFAULT_BRANCH REMOTE COMMIT DIR BENCH KVM SOURCE REVISION"

# Print the first BENCH_CI_ variable that no step knows, and the one that is the
# fewest letters away from it.
unknown_variable() {
	awk -v known="$KNOWN" '
	function least(a, b) { return a < b ? a : b }
	function distance(a, b, row, i, j, above, left) {
		for (j = 0; j <= length(b); j++) row[j] = j
		for (i = 1; i <= length(a); i++) {
			above = row[0]; row[0] = i
			for (j = 1; j <= length(b); j++) {
				left = least(row[j], row[j - 1]) + 1
				left = least(left, above + (substr(a, i, 1) != substr(b, j, 1)))
				above = row[j]; row[j] = left
			}
		}
		return row[length(b)]
	}
	BEGIN {
		count = split(known, names)
		for (i = 1; i <= count; i++) is_known["BENCH_CI_" names[i]] = 1
		for (name in ENVIRON) {
			if (name !~ /^BENCH_CI_/ || name in is_known) continue
			best = 99; word = substr(name, 10)
			for (i = 1; i <= count; i++) {
				far = distance(word, names[i])
				if (far < best) { best = far; near = names[i] }
			}
			print name, "BENCH_CI_" near
			exit
		}
	}'
}

# Fail unless the variable $1 is one of the words behind it.
check_word() {
	variable=BENCH_CI_$1 value=
	eval "value=\$$variable"
	shift
	for word in "$@"; do
		[ "$value" != "$word" ] || return 0
	done
	give_up 2 "$variable: '$value' is unknown" "known are $(echo "$*" | sed 's/ /, /g')"
}

# Fail unless the variable $1 looks like a share: bench has the last word on it.
check_share() {
	eval "value=\$BENCH_CI_$1"
	case $value in
	*[!0-9.%]* | *%?* | [!0-9.]* | '')
		give_up 2 "BENCH_CI_$1: '$value' is not a share" "write percent, as in 2% or 0.5%" ;;
	esac
}

# Fail unless kernel-config or a path has each series of BENCH_CI_SERIES.
check_series() {
	for series in $(echo "$BENCH_CI_SERIES" | tr + ' '); do
		case $series in
		stock) continue ;;
		*/*) patches=$series ;;
		*) patches=$(dirname "$ci")/kernel-config/patches/$series ;;
		esac
		[ -d "$patches" ] || give_up 2 "BENCH_CI_SERIES: there is no series '$series'" \
			"bench list series names them; stock is none"
	done
}

# Fail before anything is installed or measured if a value cannot be used.
check_settings() {
	unknown=$(unknown_variable)
	[ -z "$unknown" ] || give_up 2 "${unknown% *}: no such variable" "did you mean ${unknown#* }?"
	case $BENCH_CI_NAME in
	'' | .* | *[!A-Za-z0-9._-]*)
		give_up 2 "BENCH_CI_NAME: '$BENCH_CI_NAME' is no name of a directory" \
			"use letters, digits, dots, dashes" ;;
	esac
	check_word CLOCK icount wall
	check_word KEEP auto yes no true false
	check_word ACCEPT yes no true false
	check_share THRESHOLD
	check_share CREEP
	case $BENCH_CI_SCENARIO in
	*/* | *.toml) [ -f "$BENCH_CI_SCENARIO" ] ||
		give_up 2 "BENCH_CI_SCENARIO: $BENCH_CI_SCENARIO: there is no such file" \
			"bench list scenarios has names" ;;
	esac
	[ -n "$BENCH_CI_TREE" ] || return 0
	[ -d "$BENCH_CI_TREE" ] || give_up 2 "BENCH_CI_TREE: $BENCH_CI_TREE: no such directory" \
		"check the kernel tree out in an earlier step"
	check_series
}

# Have bench look at what it alone knows, before it measures: it ends with 125
# for sides that are missing, once their options are right.
check_options() {
	set -f	# options are words, and no patterns
	# shellcheck disable=SC2086
	set -- --threshold "$BENCH_CI_THRESHOLD" $BENCH_CI_GATE_OPTIONS
	set +f
	wrong=$(bench gate "$dir/none" "$dir/none" "$@" 2>&1) || [ $? != 2 ] ||
		give_up 2 "BENCH_CI_THRESHOLD, BENCH_CI_GATE_OPTIONS: $(said "$wrong")" \
			"see bench gate --help"
	wrong=$(bench history "$dir/none" --threshold "$BENCH_CI_CREEP" 2>&1) || true
	case $wrong in
	*"bench: --threshold"*) give_up 2 "BENCH_CI_CREEP: $(said "$wrong")" "2% is usual" ;;
	esac
}

# Print the line of an error of bench.
said() {
	echo "$1" | sed -n 's/^bench: //p' | head -n 1
}
