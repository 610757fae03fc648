// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ways from the old process to the new one. exec: the same process with
 * a new address space, open files stay. transfer: a process that was started
 * before the pause, as a VMM that is updated by a supervisor is, and that gets
 * the files over a socket; the old one exits when the new one is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emit.h"
#include "files.h"
#include "handover.h"
#include "proc.h"

/* The files that are handed over; those of the device come last. */
enum { STATE_FD, MEMORY_FD, DEVICE_FD };

/* Our own text and data: a fault on them is not the thing measured. */
void populate_ourselves(void)
{
#ifndef __SANITIZE_ADDRESS__	/* whose shadow is terabytes */
	mlockall(MCL_CURRENT);
#endif
}

struct state *map_state(int fd)
{
	struct state *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, fd, 0);

	if (s == MAP_FAILED)
		die("mmap", errno, "state: %s", strerror(errno));
	return s;
}

/*
 * Of the environment only what bench marks its processes with (bench/cleanup/undo.py):
 * the rest is the caller's, and copying it would be part of the pause.
 */
static char **marked_environment(void)
{
	static char mark[64];
	static char *envp[] = { mark, NULL };
	const char *value = getenv("BENCH_SESSION");

	if (!value)
		return &envp[1];
	snprintf(mark, sizeof(mark), "BENCH_SESSION=%s", value);
	return envp;
}

static void __attribute__((noreturn))
by_exec(struct state *s, int state_fd, void (*release)(struct state *s))
{
	char fd[16];
	char *argv[] = { "bench-helper", "--continue", fd, NULL };
	char **envp = marked_environment();

	snprintf(fd, sizeof(fd), "%d", state_fd);
	release(s);
	execve("/proc/self/exe", argv, envp);
	die("execve", errno, "execve: %s", strerror(errno));
}

void live_update_continue(int fd)
{
	struct state *s = map_state(fd);

	populate_ourselves();
	emit_to(s->out_fd);
	take_over(s, fd);
}

/* What is handed over must not also be inherited: not by execve() it is. */
void keep_open(const struct state *s, int fd)
{
	fcntl(fd, F_SETFD, s->p.transfer ? FD_CLOEXEC : 0);
}

static void start_successor(int theirs)
{
	char fd[16];
	char *argv[] = { "bench-helper", "--receive", fd, NULL };
	pid_t pid;
	int r;

	snprintf(fd, sizeof(fd), "%d", theirs);
	r = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv,
			marked_environment());
	if (r)
		die("posix_spawn", r, "posix_spawn: %s", strerror(r));
}

static char wait_byte(int sock)
{
	char c = 0;

	while (read(sock, &c, 1) < 0 && errno == EINTR)
		;
	return c;
}

static void say_byte(int sock)
{
	if (write(sock, "!", 1) != 1)
		die("write", errno, "the other process is gone");
}

/* A method may have closed its device: then there is none to send. */
static void send_state(struct state *s, int state_fd, int sock)
{
	const struct family *family = family_of(s);
	int fds[MOST_FILES] = { state_fd, s->m.fd }, *file;
	int n = DEVICE_FD;

	for (unsigned int i = 0; family && (file = family->file(s, i)); i++)
		if (*file >= 0)
			fds[n++] = *file;
	send_files(sock, fds, n);
}

static void receive_device(struct state *s, const int *fds, int count)
{
	const struct family *family = family_of(s);
	int *file;

	for (unsigned int i = 0; family && (file = family->file(s, i)); i++) {
		int at = DEVICE_FD + (int)i;

		*file = at < count ? fds[at] : -1;
	}
}

static void __attribute__((noreturn))
by_transfer(struct state *s, int state_fd, void (*release)(struct state *s))
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair", errno, "socketpair: %s", strerror(errno));
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	start_successor(pair[1]);
	close(pair[1]);
	if (!wait_byte(pair[0]))
		die("transfer", 0, "the new process did not start");
	release(s);
	send_state(s, state_fd, pair[0]);
	wait_byte(pair[0]);	/* it is done, or has died and said why */
	_exit(EXIT_DONE);
}

void live_update_receive(int sock)
{
	struct state *s;
	int fds[MOST_FILES];
	int count;

	populate_ourselves();
	say_byte(sock);
	count = receive_files(sock, fds);
	s = map_state(fds[STATE_FD]);
	emit_to(s->out_fd);
	s->m.fd = fds[MEMORY_FD];
	receive_device(s, fds, count);
	s->old_sock = sock;
	take_over(s, fds[STATE_FD]);
}

/*
 * The old process still exists here, and must not hold a pin any more. Its
 * address space goes away outside the pause: wait for that, so that the next
 * rep does not pay for it.
 */
void dismiss_old_process(struct state *s)
{
	const struct family *family = family_of(s);
	uint64_t charged;

	if (!s->p.transfer)
		return;
	charged = family ? family->charged_kb(getppid()) : 0;
	if (charged)
		die("charged", 0, "%s of the old process is still %llu kB",
		    family->account, (unsigned long long)charged);
	say_byte(s->old_sock);
	wait_byte(s->old_sock);
	close(s->old_sock);
}

void hand_over(struct state *s, int state_fd, void (*release)(struct state *s))
{
	if (s->p.transfer)
		by_transfer(s, state_fd, release);
	by_exec(s, state_fd, release);
}

/*
 * A chain of transfers outlives the process that our parent waits for. Stay in
 * front of it: all that come after us hold the other end of a pipe.
 */
void stay_in_front(struct state *s)
{
	int ends[2], status;
	pid_t pid;

	if (pipe(ends))
		die("pipe", errno, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork", errno, "fork: %s", strerror(errno));
	close(ends[pid ? 1 : 0]);
	s->front_fd = ends[1];
	if (!pid)
		return;
	if (wait_byte(ends[0]) == '!')
		exit(EXIT_DONE);
	/* The first of the chain may have had a reason of its own to stop. */
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == EXIT_SKIPPED)
		exit(EXIT_SKIPPED);
	exit(EXIT_FAILED);
}
