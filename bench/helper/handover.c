// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways from the old process to the new one. exec: the same process with a
 * new address space, open files stay. transfer: a process that was started
 * before the pause, as a VMM that is updated by a supervisor is, and that gets
 * the files over a socket. fork: a child, which inherits the files and has an
 * address space of its own. The old one exits when such a new one is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "emit.h"
#include "handover.h"
#include "methods.h"
#include "own_pages.h"

/* The files that are handed over; those of the device come last. */
enum { STATE_FD, MEMORY_FD, DEVICE_FD, MOST_FILES = 64 };

/*
 * Of the environment only what bench marks its processes with
 * (bench/cleanup/undo.py): the rest is the caller's, and copying it would be
 * part of the pause.
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
by_exec(struct state *s, void (*release)(struct state *s))
{
	char fd[16];
	char *argv[] = { "bench-helper", "--continue", fd, NULL };
	char **envp = marked_environment();

	snprintf(fd, sizeof(fd), "%d", s->fd);
	release(s);
	execve("/proc/self/exe", argv, envp);
	die("execve", errno, "execve");
}

/*
 * Within the pause, but no part of it: a VMM does not need its own pages before
 * it is told to go on, and faults on them would be timed as whatever they meet.
 */
static void settle(struct state *s)
{
	uint64_t begin;

	counters_stop(&s->counters, s->counted);
	begin = now();
	own_pages_hold();
	s->settle = now() - begin;
	counters_start(&s->counters);
}

static void forget_eventfds(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_forget_eventfds(d);
}

struct state *handover_resume(int state_fd)
{
	struct state *s = state_map(state_fd);

	settle(s);
	emit_to(s->out_fd);
	forget_eventfds(s);
	return s;
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
		die("posix_spawn", r, "posix_spawn");
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

/* Files over a socket; their number is the message. */
union control {
	char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
	struct cmsghdr align;
};

static void send_files(int sock, const int *fds, int count)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = &count, .iov_len = sizeof(count) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, (size_t)count * sizeof(int));
	if (sendmsg(sock, &msg, 0) < 0)
		die("sendmsg", errno, "sendmsg");
}

/* Returns how many came; ends silently when the old process is gone. */
static int receive_files(int sock, int *fds)
{
	union control control;
	struct cmsghdr *cmsg;
	int count = 0;
	struct iovec iov = { .iov_base = &count, .iov_len = sizeof(count) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) <= 0)
		_exit(EXIT_FAILED);	/* the old one has said why */
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || msg.msg_flags & MSG_CTRUNC ||
	    cmsg->cmsg_len != CMSG_LEN((size_t)count * sizeof(int)))
		die("recvmsg", 0, "the old process sent no files");
	memcpy(fds, CMSG_DATA(cmsg), (size_t)count * sizeof(int));
	return count;
}

/* A method may have closed its device: then there is none to send. */
static void send_state(struct state *s, int sock)
{
	const struct family *family = family_of(s);
	int fds[MOST_FILES] = { s->fd, s->m.fd }, *file;
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

/* One end for the old process, which is not inherited by execve(). */
static void make_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair", errno, "socketpair");
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
}

/* What of the state is this process's own, and the new one's meanwhile. */
struct own {
	int fd;
	struct memory m;
	unsigned char *control;
	struct vdpa d[VDPA_MOST];
	struct vfio v;
};

static void keep_own(const struct state *s, struct own *own)
{
	own->fd = s->fd;
	own->m = s->m;
	own->control = s->control;
	memcpy(own->d, s->d, s->p.devices_of_vm * sizeof(s->d[0]));
	own->v = s->v;
}

static void restore_own(struct state *s, const struct own *own)
{
	s->fd = own->fd;
	s->m = own->m;
	s->control = own->control;
	memcpy(s->d, own->d, s->p.devices_of_vm * sizeof(s->d[0]));
	s->v = own->v;
}

/* It is done, or has died and said why; or it gave up: then return. */
static void wait_for_successor(struct state *s, int sock)
{
	if (wait_byte(sock) || !s->gave_up)
		_exit(EXIT_DONE);
	close(sock);
	s->gave_up = false;
}

void give_up(struct state *s)
{
	method_give_up(s);
	s->gave_up = true;
	_exit(EXIT_DONE);
}

static void by_transfer(struct state *s, void (*release)(struct state *s))
{
	struct own own;
	int pair[2];

	make_pair(pair);
	start_successor(pair[1]);
	close(pair[1]);
	if (!wait_byte(pair[0]))
		die("transfer", 0, "the new process did not start");
	release(s);
	if (method_goes_back(s))
		keep_own(s, &own);
	send_state(s, pair[0]);
	wait_for_successor(s, pair[0]);
	restore_own(s, &own);
}

/*
 * What execve() would close or unmap is not to be inherited either: eventfds
 * are closed here, guest memory is kept out of the child.
 */
static bool by_fork(struct state *s, void (*release)(struct state *s))
{
	struct own own;
	int pair[2];
	pid_t pid;

	make_pair(pair);
	memory_keep_from_children(&s->m);
	control_keep_from_children(s);
	release(s);
	if (method_goes_back(s))
		keep_own(s, &own);
	pid = fork();
	if (pid < 0)
		die("fork", errno, "fork");
	close(pair[pid ? 1 : 0]);
	if (pid) {
		wait_for_successor(s, pair[0]);
		restore_own(s, &own);
		return false;
	}
	s->old_sock = pair[1];
	for_each_vdpa(d, s)
		vdpa_close_eventfds(d);
	settle(s);
	return true;
}

struct state *handover_receive(int sock)
{
	int fds[MOST_FILES], count;
	struct state *s;

	own_pages_hold();
	say_byte(sock);
	count = receive_files(sock, fds);
	s = state_map(fds[STATE_FD]);
	emit_to(s->out_fd);
	s->fd = fds[STATE_FD];
	s->m.fd = fds[MEMORY_FD];
	forget_eventfds(s);
	receive_device(s, fds, count);
	s->old_sock = sock;
	return s;
}

void dismiss_old_process(struct state *s)
{
	const struct family *family = family_of(s);
	uint64_t charged;

	if (s->p.handover == HANDOVER_EXEC)
		return;
	charged = family ? family->charged_kb(getppid()) : 0;
	if (charged)
		die("charged", 0, "%s of the old process is still %" PRIu64
		    " kB", family->account, charged);
	say_byte(s->old_sock);
	wait_byte(s->old_sock);
	close(s->old_sock);
}

bool hand_over(struct state *s, void (*release)(struct state *s))
{
	switch (s->p.handover) {
	case HANDOVER_TRANSFER:
		by_transfer(s, release);
		return false;
	case HANDOVER_FORK:
		return by_fork(s, release);
	default:
		by_exec(s, release);
	}
}

void stay_in_front(void)
{
	int status, worst = EXIT_DONE;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid < 0)
		die("fork", errno, "fork");
	if (!pid)
		return;
	while (wait(&status) > 0)
		worst = MAX(worst, WIFEXITED(status) ? WEXITSTATUS(status) :
			    EXIT_FAILED);
	exit(worst);
}
