#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Find what bench needs and this machine lacks, and install it with one apt-get
# call, printed before it runs. Where there is no apt-get the list is all that can
# be done: exit 125.
#
#   setup.sh          what a run needs
#   setup.sh tests    and what only the tests need
set -eu

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin	# not in everybody's
export PATH

missing=
need() { # need PACKAGE COMMAND...: a command that succeeds when it is there
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
have() { command -v "$1"; }

need qemu-system-x86 have qemu-system-x86_64	# the guest
need busybox-static have busybox		# its user space
need iproute2 have vdpa				# creates the vDPA device in it
need gcc-12 have gcc-12				# what Debian builds this kernel with
need gcc have gcc				# the helper
need libc6-dev test -e "$(gcc -print-file-name=libc.a 2>/dev/null || echo /none)"
need make have make
need binutils have strip
need patch have patch
need xz-utils have xz
need perl perl -MTerm::ANSIColor -MEncode -e 1	# checkpatch.pl, in the tests
need git have git				# the same
need python3-venv "${PYTHON:-python3}" -c 'import ensurepip, venv'
need libelf1 sh -c 'ls /usr/lib/*/libelf.so.1 || ls /usr/lib*/libelf.so.1'	# kbuild's objtool
if [ "${1-}" = tests ]; then
	need clang have clang		# the helper's second compiler
	need shellcheck have shellcheck
	need chromium sh -c 'command -v chromium || command -v chromium-browser'
fi

give_up() {
	echo "bench: $1; install these (names are Debian's):$missing" >&2
	exit 125
}

# A fresh machine has no package lists, and then no kernel to download either.
lists=
if [ -z "$(ls "${XDG_CACHE_HOME:-$HOME/.cache}/bench/packages" 2>/dev/null)" ]; then
	apt-cache show --no-all-versions linux-image-6.12-amd64 >/dev/null 2>&1 || lists=old
fi

[ -n "$missing$lists" ] || exit 0
if ! command -v apt-get >/dev/null; then
	[ -n "$missing" ] || exit 0	# the kernel will say what it lacks
	give_up "there is no apt-get here"
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || give_up "neither root nor sudo"
	sudo=sudo
fi
# One call: the package lists first, which a fresh machine has not got.
install="apt-get update -q"
[ -z "$missing" ] || install="$install && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends$missing"
echo "+ ${sudo:+$sudo }sh -c '$install'"
$sudo sh -c "$install"
