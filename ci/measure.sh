# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Measure, and write the page that becomes the job's artifact.

# Set commit, that of what is measured: the one that was named, that of the
# kernel tree, where there is one, or the job's.
find_commit() {
	commit=${BENCH_CI_COMMIT:-}
	if [ -z "$commit" ] && [ -n "$BENCH_CI_TREE" ]; then
		commit=$(git -C "$BENCH_CI_TREE" rev-parse HEAD 2>/dev/null) || commit=
	elif [ -z "$commit" ]; then
		commit=${GITHUB_SHA:-${CI_COMMIT_SHA:-}}
	fi
	[ -n "$commit" ] || commit=$(git rev-parse HEAD) ||
		give_up 2 "nothing says which commit is measured" "name it in BENCH_CI_COMMIT"
}

# Set side, the run that is judged: a run directory, or that of the boots of a
# kernel.
find_side() {
	new=${BENCH_CI_RUN:-$dir/new}
	side=$new
	if [ ! -f "$new/run.json" ]; then
		side=$(find "$new" -mindepth 2 -maxdepth 3 -name run.json 2>/dev/null |
			sed 's,/[^/]*/run\.json$,,' | sort -u)
	fi
	case $side in
	'') give_up 2 "$new: no run is there" "BENCH_CI_RUN names a run directory" ;;
	*"
"*) give_up 2 "$new: runs of several kernels" "measure one of them in each job" ;;
	esac
}

measure() {
	if [ -z "$BENCH_CI_RUN" ]; then
		set -f	# options are words, and no patterns
		# shellcheck disable=SC2086
		set -- "$BENCH_CI_SCENARIO" --clock "$BENCH_CI_CLOCK" $BENCH_CI_OPTIONS
		set +f
		if [ -n "$BENCH_CI_TREE" ]; then
			bench kernel build ci --tree "$BENCH_CI_TREE" ||
				give_up $? "$BENCH_CI_TREE: its kernel was not built" "see above"
			set -- "$@" --kernel "ci:$BENCH_CI_SERIES"
		fi
		bench run "$@" --out "$dir/new" ||
			give_up $? "nothing is judged: bench run ended with $?" "see above"
	fi
	find_side
	bench report "$side" --format page --out "$dir/page.html"
}
