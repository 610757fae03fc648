#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Print what a cache of kernels and saved guests depends on: system, machine,
# and the files that the guest is made of.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=/dev/null
system=$(. /etc/os-release && echo "$ID-${VERSION_ID:-}")
digest=$(find kernel-config bench/guest bench/helper bench/kernel -type f ! -name '*.pyc' \
	-exec sha256sum {} + | LC_ALL=C sort -k 2 | sha256sum | cut -c 1-16)
echo "bench-$system-$(uname -m)-$digest"
