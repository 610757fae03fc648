# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# Make ready: an empty directory for results, bench itself, and KVM.

# Only a directory of an earlier job is removed.
make_directory() {
	if [ -d "$dir" ] && [ ! -f "$dir/.bench-ci" ]; then
		echo "bench: $dir is there, and no job of bench made it; name another in BENCH_CI_DIR" >&2
		exit 2
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	touch "$dir/.bench-ci"
	echo '*' >"$dir/.gitignore"	# no part of a kernel tree around it
}

# A container's image may lack even git and make; make setup asks for the rest.
set_up() {
	[ ! -x "$BENCH_CI_BENCH" ] || return 0
	if ! { command -v git && command -v make && command -v python3; } >/dev/null; then
		command -v apt-get >/dev/null ||
			give_up 125 "no git, make or python3 here" "install them in an earlier step"
		as_root apt-get update -q
		as_root apt-get install -q -y --no-install-recommends \
			ca-certificates git make python3 python3-venv
	fi
	make --no-print-directory -C "$(dirname "$ci")" setup
}

# A runner has /dev/kvm, but its user is seldom of its group, and a job cannot
# log in again. Counts need no KVM.
open_kvm() {
	[ "$BENCH_CI_CLOCK" = wall ] || return 0
	kvm=${BENCH_CI_KVM:-/dev/kvm}
	if [ ! -e "$kvm" ]; then
		say warning "no $kvm: this runner has no KVM, which --clock wall needs in a guest"
	elif (: <>"$kvm") 2>/dev/null; then
		:	# it can be opened already
	elif ! command -v udevadm >/dev/null; then	# as in a container
		as_root chmod 0666 "$kvm"
	else
		as_root install -m 0644 "$ci/99-bench-kvm.rules" /etc/udev/rules.d/
		as_root udevadm control --reload-rules
		as_root udevadm trigger --name-match=kvm
		as_root udevadm settle --timeout=10
	fi
}
