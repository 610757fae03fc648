# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Hold what was measured against the baseline of the branch, and against its
# history. The job ends with code and word when all is kept.

judge() {
	if [ ! -f "$dir/base.json" ]; then
		word=first
		text="no baseline on $BENCH_CI_BRANCH yet"
		if keeps; then
			text="$text: this run is the first one"
			say notice "$text"
		else
			text="$text, nothing is judged: the first run on the default branch makes one"
			say warning "$text"
		fi
		summarize "**bench gate: $text**"
		return 0
	fi
	set -f
	# shellcheck disable=SC2086
	set -- --threshold "$BENCH_CI_THRESHOLD" $BENCH_CI_GATE_OPTIONS
	set +f
	! on_github || set -- "$@" --annotations
	bench gate "$dir/base.json" "$side" "$@" --markdown "$dir/gate.md" \
		--junit "$dir/gate.xml" --json "$dir/gate.json" || code=$?
	case $code in
	0) word=good ;;
	1) word=regression ;;
	125)
		word=unjudged
		say warning "cannot judge, see above; what is measured now is accepted with BENCH_CI_ACCEPT" ;;
	*) give_up "$code" "bench gate ended with $code" "see above" ;;
	esac
	if [ -f "$dir/gate.md" ]; then
		summarize "$(cat "$dir/gate.md")"
	else	# the sides could not be compared at all
		summarize "**bench gate: cannot judge** (exit code $code): the job's log says why"
	fi
}

# Write what the history says, with these options; past is the exit code.
read_history() {
	past=0
	bench history "$store/history" --threshold "$BENCH_CI_CREEP" "$@" \
		--out "$dir/history.txt" 2>"$dir/history.log" || past=$?
}

# Look at all points of the history: many small steps are a regression that no
# two neighbours show.
look_back() {
	keeps && [ -d "$store/history" ] || return 0
	past=125
	if [ -f "$store/reference" ]; then	# the last accepted point
		set -- --reference "$(cat "$store/reference")"
		read_history "$@"
	fi
	if [ "$past" -gt 1 ]; then	# none, or facts have changed since
		set --
		read_history
	fi
	case $past in
	0 | 1) ;;
	125)
		echo "bench: the history has too few points for a verdict yet"
		return 0 ;;
	*)
		cat "$dir/history.log" >&2
		give_up "$past" "the history cannot be read" "see above" ;;
	esac
	bench history "$store/history" --threshold "$BENCH_CI_CREEP" "$@" \
		--format page --out "$dir/history.html" >/dev/null || :
	cat "$dir/history.txt"
	summarize "<details><summary>History</summary>

\`\`\`
$(cat "$dir/history.txt")
\`\`\`

</details>"
	if [ "$past" = 1 ] && [ "$code" = 0 ] && [ "$word" != accepted ]; then
		say error "many small steps are a regression, see above; it is accepted with BENCH_CI_ACCEPT"
		code=1 word=crept
	fi
}
