# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Settle what all steps have in common: defaults of the variables of docs/ci.md,
# what the CI system calls them, and how something is said there.

: "${BENCH_CI_SCENARIO:=smoke}" "${BENCH_CI_OPTIONS:=}" "${BENCH_CI_CLOCK:=icount}"
: "${BENCH_CI_TREE:=}" "${BENCH_CI_SERIES:=live-update}" "${BENCH_CI_RUN:=}"
: "${BENCH_CI_THRESHOLD:=0.5%}" "${BENCH_CI_GATE_OPTIONS:=}" "${BENCH_CI_CREEP:=2%}"
: "${BENCH_CI_BRANCH:=bench-data}" "${BENCH_CI_KEEP:=auto}" "${BENCH_CI_ACCEPT:=no}"
: "${BENCH_CI_NAME:=$(basename "$BENCH_CI_SCENARIO" .toml)}" "${BENCH_CI_DIR:=bench-ci}"
: "${BENCH_CI_DEFAULT_BRANCH:=${CI_DEFAULT_BRANCH:-}}"
: "${BENCH_CI_BENCH:=$(dirname "$ci")/.venv/bin/bench}"

# Only git is told the token, and no kernel tree that is built here.
if [ -n "${BENCH_CI_TOKEN:-}" ]; then
	git_user=x-access-token git_token=$BENCH_CI_TOKEN
else
	git_user=gitlab-ci-token git_token=${CI_JOB_TOKEN:-}
fi
unset BENCH_CI_TOKEN

dir=$BENCH_CI_DIR
kept=$dir/kept			# a clone of the branch
store=$kept/$BENCH_CI_NAME	# what of it belongs to this job

# Debian's kernel comes from a mirror of Debian, which apt of other systems does
# not name: bench then says what to set.
[ -z "${BENCH_CI_MIRROR:-}" ] || export BENCH_DEBIAN_MIRROR="$BENCH_CI_MIRROR"

bench() {
	"$BENCH_CI_BENCH" "$@"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

on_github() {
	[ "${GITHUB_ACTIONS:-}" = true ]
}

# Print a line; on GitHub it becomes an annotation of the kind $1.
say() {
	if on_github; then
		echo "::$1 title=bench::$2"
	else
		echo "bench: $2"
	fi
}

# Add a paragraph to the job's summary.
summarize() {
	printf '%s\n\n' "$1" >>"$dir/summary.md"
}

# Say what is wrong and what to do about it, and end with the code $1.
give_up() {
	say error "$2; $3" >&2
	[ ! -d "$dir" ] || summarize "**bench: $2**; $3"
	exit "$1"
}

# Whether this job may write the branch: not for what is only proposed, and not
# on other branches, whose regressions would become the baseline of all.
keeps() {
	case $BENCH_CI_KEEP in
	yes | true) return 0 ;;
	no | false) return 1 ;;
	esac
	case ${GITHUB_EVENT_NAME:-${CI_PIPELINE_SOURCE:-}} in
	schedule) return 0 ;;	# on a branch that somebody chose for it
	push | workflow_dispatch | repository_dispatch | web | api | trigger | pipeline) ;;
	*) return 1 ;;
	esac
	here=${GITHUB_REF:-refs/heads/${CI_COMMIT_BRANCH:-}}
	[ "$here" = "refs/heads/${BENCH_CI_DEFAULT_BRANCH:- unknown}" ]
}

accepts() {
	case $BENCH_CI_ACCEPT in yes | true) ;; *) return 1 ;; esac
}
