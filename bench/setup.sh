#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Find what bench needs and this machine lacks. "install" installs it with one
# apt-get call, printed before it runs; "check" only says what is missing. Where
# there is no apt-get the list is all that can be done: exit 125.
set -eu

missing=
need() { # need PACKAGE COMMAND...: a command that succeeds when it is there
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
have() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1"; }

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
need perl have perl				# checkpatch.pl, in the tests
need clang have clang				# the helper's second compiler, in the tests
need shellcheck have shellcheck			# in the tests
need python3-venv "${PYTHON:-python3}" -c 'import ensurepip, venv'
need libelf1 sh -c 'ls /usr/lib/*/libelf.so.1 || ls /usr/lib*/libelf.so.1'	# kbuild's objtool

give_up() {
	echo "bench: $1; install these (names are Debian's):$missing" >&2
	exit 125
}

kernel_known() { apt-cache show --no-all-versions linux-image-6.12-amd64 >/dev/null 2>&1; }

[ -n "$missing" ] || [ "$1" = check ] || kernel_known || missing=" "
[ -n "$missing" ] || exit 0
[ "$1" = install ] || give_up "something is missing"
command -v apt-get >/dev/null || give_up "there is no apt-get here"

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || give_up "neither root nor sudo"
	sudo=sudo
fi
# One call: the package lists first, which a fresh machine has not got.
install="apt-get update -q && apt-get install -q -y --no-install-recommends$missing"
[ "$missing" != " " ] || install="apt-get update -q"
echo "+ $sudo sh -c '$install'"
$sudo env DEBIAN_FRONTEND=noninteractive sh -c "$install"
