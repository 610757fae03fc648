# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Add what was measured to the history on the branch, make it the baseline if it
# was good, and push.

readonly TRIES=5	# pushes, each on top of what others have pushed

# Whether the branch has the baseline that this run was held against.
baseline_is_judged() {
	if [ -f "$dir/base.json" ]; then
		cmp -s "$dir/base.json" "$store/baseline.json"
	else
		[ ! -f "$store/baseline.json" ]
	fi
}

# A regression, and what could not be judged, is no baseline unless accepted.
move_baseline() {
	if accepts; then	# history begins anew here, at the date in the point's name
		basename "$added" | sed -E \
			's/^(....)(..)(..)T(..)(..)(..)Z-.*/\1-\2-\3T\4:\5:\6/' >"$store/reference"
	elif [ "$code" != 0 ]; then
		return 0
	elif ! baseline_is_judged; then
		say notice "another job has moved the baseline meanwhile: its baseline stays"
		return 0
	fi
	cp "$dir/new.json" "$store/baseline.json"
}

not_kept() {
	say error "$1; $2"
	summarize "**Not kept:** $1; $2"
	[ "$code" != 0 ] || code=125 word=unkept
}

write_readme() {
	[ -f "$kept/README.md" ] || cat >"$kept/README.md" <<-EOF_README
		Baselines and histories of bench, a directory for each job. Written by CI:
		see docs/ci.md of bench. A file may be removed to begin anew.
	EOF_README
}

# Jobs may end at the same time: who comes second begins again on top of the first.
keep() {
	keeps || return 0
	bench report "$side" --format baseline --out "$dir/new.json"
	try=1 again=yes
	while [ "$again" = yes ]; do
		again=no
		keep_once
		[ "$again" = no ] || wait_a_little
	done
}

wait_a_little() {
	try=$((try + 1))
	if [ "$try" -gt "$TRIES" ]; then
		again=no
		not_kept "others pushed to $BENCH_CI_BRANCH $TRIES times in a row" "run the job again"
		return 0
	fi
	sleep "$(od -A n -N 1 -t u1 /dev/urandom | awk '{ print $1 % 30 / 10 }')"
}

# Add to what the branch is now, and push; again is yes where somebody was quicker.
keep_once() {
	if ! branch_fetch; then
		not_kept "branch $BENCH_CI_BRANCH cannot be read any more" "run the job again"
		return 0
	fi
	mkdir -p "$store"
	write_readme
	if ! added=$(bench history "$store/history" --add "$side" --commit "$commit"); then
		not_kept "what was measured could not be added to the history" "see above"
		return 0
	fi
	move_baseline
	branch_git add --all
	if branch_git diff --quiet --cached; then
		say notice "all of it was on $BENCH_CI_BRANCH already"
	else
		said=$word
		! accepts || said="accepted ($word)"
		branch_git commit -q -m "$BENCH_CI_NAME: $commit: $said [skip ci]"
		if ! branch_git push -q "$remote" "HEAD:$ref"; then
			push_failed
			return 0
		fi
	fi
	! accepts || code=0 word=accepted
}

# Somebody was quicker, or it is refused whoever comes.
push_failed() {
	if [ "$(branch_tip || echo unknown)" != "$tip" ]; then
		again=yes
	else
		not_kept "a push to $BENCH_CI_BRANCH was refused" \
			"give the job the right to write, see docs/ci.md"
	fi
}
