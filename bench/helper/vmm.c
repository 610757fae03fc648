// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the start of a VMM costs: from before execve() to the moment at which it
 * opens the file of its guest memory. The file has a lease (fcntl(2)): open()
 * holds the VMM back, this process is told by a signal and reads the clock, and
 * nobody has to trace the VMM or to change it. The start of the helper itself,
 * measured in the same way, is what the exec of a live update has already.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "experiment.h"

/* A VMM that has not come so far by then never will; the guest's seconds. */
#define PATIENCE_S 60

static const char *file;
static int file_fd;
static sigset_t awaited;
/* Of the process that starts, shared with it. */
static uint64_t *begin;

void __attribute__((noreturn)) vmm_open(const char *path)
{
	_exit(open(path, O_RDWR | O_CLOEXEC) < 0 ? EXIT_FAILED : EXIT_DONE);
}

static void create_file(uint64_t bytes)
{
	file_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file_fd < 0 || ftruncate(file_fd, (off_t)bytes))
		die("open", errno, "%s", file);
	if (fcntl(file_fd, F_SETLEASE, F_WRLCK) < 0)
		skip("a kernel with leases on files in memory",
		     "no lease on %s: %s", file, strerror(errno));
}

static void find_program(char **command)
{
	if (access(command[0], X_OK))
		skip("QEMU installed where the helper runs", "%s: %s",
		     command[0], strerror(errno));
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork", errno, "fork");
	if (pid)
		return pid;
	sigprocmask(SIG_UNBLOCK, &awaited, NULL);
	*begin = now();		/* to have its page; what counts is next */
	*begin = now();
	execv(command[0], command);
	_exit(127);
}

static void __attribute__((noreturn)) came_to_nothing(pid_t pid, char *name)
{
	int status = 0;

	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		die("start", 0, "%s was killed by signal %d before it opened"
		    " its memory", name, WTERMSIG(status));
	die("start", 0, "%s ended (exit %d) before it opened its memory", name,
	    WEXITSTATUS(status));
}

/* Returns when the lease is broken: the time, read first of all. */
static uint64_t wait_for_open(pid_t pid, char *name)
{
	const struct timespec patience = { .tv_sec = PATIENCE_S };
	int signal_number;
	uint64_t end;

	do
		signal_number = sigtimedwait(&awaited, NULL, &patience);
	while (signal_number < 0 && errno == EINTR);
	end = now();

	if (signal_number == SIGIO)
		return end;
	if (signal_number == SIGCHLD)
		came_to_nothing(pid, name);
	kill(pid, SIGKILL);
	die("start", 0, "%s did not open its memory within %d s", name,
	    PATIENCE_S);
}

/* Through /proc: process_vm_readv() is not in every kernel. */
static bool read_memory(pid_t pid, unsigned long address, char *into,
			size_t bytes)
{
	char name[64];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/mem", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, into, bytes, (off_t)address);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)bytes;
}

/* The path that a process is held back at in openat(); false: it is not. */
static bool path_in_open(pid_t pid, char *path, size_t bytes)
{
	char name[64], line[256] = "";
	unsigned long address;
	long number;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/syscall", pid);
	f = fopen(name, "re");
	if (!f || !fgets(line, sizeof(line), f))
		die("syscall", errno, "%s", name);
	fclose(f);
	if (sscanf(line, "%ld %*x %lx", &number, &address) != 2)
		return false;		/* "running": not asleep yet */
	return number == SYS_openat && read_memory(pid, address, path, bytes);
}

/* The process that was started, and no other, is who broke the lease. */
static void prove_opener(pid_t pid, const char *name)
{
	const struct timespec moment = { .tv_nsec = 1000 * 1000 };
	size_t bytes = strlen(file) + 1;
	char path[PATH_MAX];

	for (int i = 0; i < 1000; i++) {
		if (path_in_open(pid, path, bytes)) {
			if (!memcmp(path, file, bytes))
				return;
			kill(pid, SIGKILL);
			die("start", 0, "%s is held back at another file",
			    name);
		}
		nanosleep(&moment, NULL);
	}
	kill(pid, SIGKILL);
	die("start", 0, "the lease was broken, but not by %s", name);
}

static void end_process(pid_t pid)
{
	const struct timespec at_once = { 0 };

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* One that is being broken would tell of nobody else. */
	if (fcntl(file_fd, F_SETLEASE, F_UNLCK) < 0)
		die("F_SETLEASE", errno, "%s: end the lease", file);
	while (sigtimedwait(&awaited, NULL, &at_once) > 0)
		;
}

static uint64_t measure(char **command)
{
	uint64_t end;
	pid_t pid;

	if (fcntl(file_fd, F_SETLEASE, F_WRLCK) < 0)
		die("F_SETLEASE", errno, "%s: the lease", file);
	wait_for_quiet();
	pid = start(command);
	end = wait_for_open(pid, command[0]);
	prove_opener(pid, command[0]);
	end_process(pid);
	return end - *begin;
}

static void prepare(const struct params *p)
{
	file = p->lease;
	begin = mmap(NULL, sizeof(*begin), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (begin == MAP_FAILED)
		die("mmap", errno, "a page");
	if (order_has(&p->order, METHOD_START_VMM))
		find_program(p->command);
	create_file(p->mem);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGIO);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
}

static void run(const struct params *p)
{
	static const char * const phase = "exec";
	char *helper[] = { "/proc/self/exe", "--open", (char *)p->lease, NULL };

	prepare(p);
	for (uint32_t i = 0; i < p->order.n; i++) {
		uint8_t method = p->order.method[i];
		uint64_t ticks = measure(method == METHOD_START_VMM ?
					 p->command : helper);

		emit_rep(&(struct emit_rep) {
			.i = i, .method = method_rows[method].name,
			.nphases = 1, .phases = &phase, .ticks = &ticks,
		});
		emit_end();
	}
	emit_last(p->order.n);
	unlink(file);
}

const struct experiment vmm_start = {
	"vmm-start", METHOD_START_HELPER, METHOD_START_VMM, run
};
