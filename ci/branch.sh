# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and push the branch that has baselines and histories.

ref=refs/heads/$BENCH_CI_BRANCH

# Print where the branch is: in the project that a change is proposed to, since
# a fork has neither baseline nor history.
branch_remote() {
	if [ -n "${BENCH_CI_REMOTE:-}" ]; then
		echo "$BENCH_CI_REMOTE"
	elif [ -n "${GITHUB_REPOSITORY:-}" ]; then
		echo "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"
	elif [ -n "${CI_PROJECT_PATH:-}" ]; then
		echo "$CI_SERVER_URL/${CI_MERGE_REQUEST_PROJECT_PATH:-$CI_PROJECT_PATH}.git"
	else
		git remote get-url origin
	fi
}

# A helper of git's that answers with what branch_git() gives it.
# shellcheck disable=SC2016
from_environment='!f() { [ -z "$git_token" ] || printf "%s\n" "username=$git_user" "password=$git_token"; }; f'

# git in the clone of the branch. It asks nobody, and signs nothing; the token
# stands in no URL, no file and no list of processes.
branch_git() {
	git_user=$git_user git_token=$git_token \
		GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' git -C "$kept" \
		-c credential.helper= -c credential.helper="$from_environment" \
		-c core.hooksPath=/dev/null -c core.autocrlf=false -c commit.gpgSign=false \
		-c user.name=bench -c user.email=bench@localhost "$@"
}

# Print the commit at the tip of the branch, nothing where there is no such
# branch. Fail where the remote cannot be asked: that is not the same.
branch_tip() {
	found=$(branch_git ls-remote "$remote" "$ref") || return 1
	echo "${found%%[!0-9a-f]*}"
}

# Make the clone what the branch is now, whatever was in it; tip is its commit.
branch_fetch() {
	rm -rf "$kept" &&
		git -c init.defaultBranch=kept init -q "$kept" &&
		tip=$(branch_tip) || return 1
	[ -n "$tip" ] || return 0
	branch_git fetch -q --depth 1 "$remote" "$ref" &&
		branch_git reset -q --hard FETCH_HEAD &&
		tip=$(branch_git rev-parse HEAD)
}

# Say what it takes to read the branch: a path, or an address without a token,
# is no matter of rights that a CI system gives.
right_to_read() {
	if [ -n "$git_token" ]; then
		echo "the token needs the right to read the repository"
	elif [ "${remote#*:}" = "$remote" ]; then
		echo "BENCH_CI_REMOTE names a repository: git init --bare $remote makes one"
	else
		echo "see above; a repository that is not public needs a token in BENCH_CI_TOKEN"
	fi
}

# Fetch the branch before anything is measured, so that a job that could not be
# judged or kept takes seconds.
fetch() {
	git check-ref-format "$ref" ||
		give_up 2 "BENCH_CI_BRANCH: '$BENCH_CI_BRANCH' is no name of a branch" \
			"see git help check-ref-format"
	remote=$(branch_remote) ||
		give_up 125 "nothing says where the branch $BENCH_CI_BRANCH is" \
			"name a repository in BENCH_CI_REMOTE"
	[ ! -e "$remote" ] || remote=$(realpath "$remote")	# git is called in the clone
	branch_fetch || give_up 125 "branch $BENCH_CI_BRANCH cannot be read" "$(right_to_read)"
	[ ! -f "$store/baseline.json" ] || cp "$store/baseline.json" "$dir/base.json"
	keeps || return 0
	# It is refused as a real push would be, but for rules that only a real
	# one is held against.
	[ -n "$tip" ] || branch_git commit -q --allow-empty -m "Nothing yet"
	branch_git push -q --dry-run "$remote" "HEAD:$ref" ||
		give_up 125 "branch $BENCH_CI_BRANCH cannot be pushed to" \
			"give the job the right to write, see docs/ci.md, or set BENCH_CI_KEEP to no"
}
