#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run a job of CI: measure, hold that against the baseline which a branch has,
# keep there what was measured. docs/ci.md has the variables. The exit code is
# the verdict: 0 good, 1 regression, 125 not judged or not kept; else that of
# what failed.
set -eu

ci=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=ci/settings.sh
. "$ci/settings.sh"
# shellcheck source=ci/check.sh
. "$ci/check.sh"
# shellcheck source=ci/setup.sh
. "$ci/setup.sh"
# shellcheck source=ci/branch.sh
. "$ci/branch.sh"
# shellcheck source=ci/measure.sh
. "$ci/measure.sh"
# shellcheck source=ci/judge.sh
. "$ci/judge.sh"
# shellcheck source=ci/keep.sh
. "$ci/keep.sh"

# What the job came to, unless a step says so.
code=0
word=failed

# Hand over what there is, on every way out.
# shellcheck disable=SC2317
finish() {
	[ $? = "$code" ] || word=failed
	trap - EXIT
	! on_github || echo "::endgroup::"
	[ ! -f "$dir/summary.md" ] || [ -z "${GITHUB_STEP_SUMMARY:-}" ] ||
		cat "$dir/summary.md" >>"$GITHUB_STEP_SUMMARY"
	[ -z "${GITHUB_OUTPUT:-}" ] ||
		printf '%s\n' "verdict=$word" "name=$BENCH_CI_NAME" >>"$GITHUB_OUTPUT"
	echo "bench: $BENCH_CI_NAME: $word"
}

check_settings
make_directory
trap finish EXIT
trap 'exit 130' INT TERM
for step in set_up check_options find_commit open_kvm fetch measure judge keep look_back; do
	! on_github || echo "::group::$step"
	"$step"
	! on_github || echo "::endgroup::"
done
exit "$code"
