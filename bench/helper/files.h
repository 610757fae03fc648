/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_FILES_H
#define BENCH_FILES_H

#define MOST_FILES 8

void send_files(int sock, const int *fds, int count);

/* How many came; ends this process silently when the other one is gone. */
int receive_files(int sock, int *fds);

#endif
