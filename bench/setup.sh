#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Find what bench needs and this machine lacks, and install it with one apt-get
# call, printed before it runs. On systems without apt packages the command to
# install it is printed, and the exit code is 125.
#
#   setup.sh          what a run needs
#   setup.sh tests    and what only the tests need
set -eu

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin	# not in everybody's
export PATH

# How packages are installed here: os-release(5), and not whichever of these
# programs there is, since some systems have those of others too.
ID='' ID_LIKE='' VERSION_CODENAME=''
release=${OS_RELEASE:-/etc/os-release}
# shellcheck disable=SC1090
[ ! -r "$release" ] || . "$release"
case " $ID $ID_LIKE " in
*" debian "* | *" ubuntu "*) manager=apt ;;
*" fedora "* | *" rhel "*) manager=dnf ;;
*" arch "*) manager=pacman ;;
*" suse "* | *" opensuse "* | *" opensuse-tumbleweed "*) manager=zypper ;;
*) manager=none ;;
esac

# What Debian's kernel is built with: see kernel-config/kernel.toml.
case $ID:$VERSION_CODENAME in
*:bookworm) compiler=gcc-12 ;;
*:trixie | debian:*) compiler=gcc-14 ;;
*) compiler=gcc-12 ;;
esac

# Print what Debian's package $1 is called here.
called() {
	case $manager:$1 in
	apt:chromium) [ "$ID" = ubuntu ] && echo chromium-browser || echo chromium ;;
	dnf:busybox-static | pacman:busybox-static) echo busybox ;;
	dnf:iproute2) echo iproute ;;
	dnf:libc6-dev) echo glibc-static ;;
	dnf:libelf-dev) echo elfutils-libelf-devel ;;
	dnf:perl) echo "perl-interpreter perl-Encode perl-Term-ANSIColor" ;;
	dnf:python3-venv | zypper:python3-venv) echo python3 ;;
	dnf:shellcheck | zypper:shellcheck) echo ShellCheck ;;
	dnf:xz-utils | pacman:xz-utils | zypper:xz-utils) echo xz ;;
	pacman:libc6-dev) echo glibc ;;
	pacman:libelf-dev) echo libelf ;;
	pacman:python3-venv) echo python ;;
	zypper:libc6-dev) echo glibc-devel-static ;;
	zypper:libelf-dev) echo libelf-devel ;;
	zypper:qemu-system-x86) echo qemu-x86 ;;
	*) echo "$1" ;;
	esac
}

missing=
need() { # need PACKAGE COMMAND...: a command that succeeds when it is there
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $(called "$package")"
}
have() { command -v "$1"; }

need qemu-system-x86 have qemu-system-x86_64	# the guest
need busybox-static have busybox		# its user space
need iproute2 have vdpa				# creates the vDPA device in it
need gcc have gcc				# the helper
need libc6-dev test -e "$(gcc -print-file-name=libc.a 2>/dev/null || echo /none)"
need make have make
need binutils have strip
need patch have patch
need xz-utils have xz
need perl perl -MTerm::ANSIColor -MEncode -e 1	# checkpatch.pl, in the tests
need git have git				# the same
need python3-venv "${PYTHON:-python3}" -c 'import ensurepip, venv'
need flex have flex				# kernels that are built whole
need bison have bison
need bc have bc
need libelf-dev test -e /usr/include/libelf.h	# and what objtool runs with
if [ $manager = apt ]; then			# Debian's kernel
	need $compiler have $compiler
	need qemu-utils have qemu-storage-daemon	# the device vduse-blk
	need debian-archive-keyring test -e \
		/usr/share/keyrings/debian-archive-keyring.gpg
fi
if [ "${1-}" = tests ]; then
	need clang have clang		# the helper's second compiler
	need ccache have ccache		# kernels of the same source, built again and again
	need shellcheck have shellcheck
	need sparse have sparse		# the patches
	need valgrind have callgrind_annotate	# it reads what bench profile writes
	need chromium sh -c 'command -v chromium || command -v chromium-browser'
	if [ $manager = apt ]; then	# elsewhere these tests are skipped
		need slurm-wlm have slurmctld
		need munge have munged
		need openssh-server have sshd
		need openssh-client have ssh
	fi
fi

[ -n "$missing" ] || exit 0

give_up() {
	echo "bench: $1$missing" >&2
	exit 125
}

tree="kernels come from a tree here, see docs/kernels.md; what is missing"
case $manager in
apt) ;;
dnf) give_up "$tree: sudo dnf install" ;;
pacman) give_up "$tree: sudo pacman -S --needed" ;;
zypper) give_up "$tree: sudo zypper install" ;;
none) give_up "$tree, as Debian names it:" ;;
esac
command -v apt-get >/dev/null ||
	give_up "there is no apt-get here; install these (names are Debian's):"

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null ||
		give_up "neither root nor sudo; install these:"
	sudo=sudo
fi
# One call: the package lists first, which a fresh machine has not got.
install="apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends$missing"
echo "+ ${sudo:+$sudo }sh -c '$install'"
$sudo sh -c "$install"
