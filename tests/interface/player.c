// SPDX-License-Identifier: GPL-2.0-only
/*
 * Play a program of ioctls and messages on a vhost-vdpa device, each step by
 * one of three processes that share its file.
 *
 *	player DEVICE STEP...
 *
 *	aiREQUEST[:HEX]	ioctl by process a, with these bytes in memory, or NULL
 *	awFORM,LENGTH,TYPE,ASID,IOVA,SIZE,UADDR,PERM
 *			so many bytes of an IOTLB message of form 1 or 2,
 *			numbers in hex
 *	af		all that can be asked, by process a
 *
 * Processes a and b are root; c is nobody and may lock 5 pages. Each has
 * SHARED, which is one file, and PRIVATE, which is its own. File 10 to 13 are
 * eventfds. For each step a line goes to file 4: what it returned (a negated
 * errno if it failed), the VmPin of each process in kB, and the bytes that an
 * ioctl left in memory.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED ((char *)0x10000000)
#define PRIVATE ((char *)0x20000000)
#define AREA (16 * 4096)
#define ACTORS 3
#define EVENTS 10
#define BYTES 256
#define NUMBERS 8	/* of a message */
#define QUEUES 3	/* that are asked, at most */
#define CONFIG 8	/* bytes of the device's, which each kind has more of */

/* Since Linux 6.9, later than the headers of some build machines. */
#define GET_VRING_SIZE _IOWR(VHOST_VIRTIO, 0x82, struct vhost_vring_state)

struct actor {
	pid_t pid;
	int in, out;	/* of the parent: what it says, what it hears */
};

/* What a process is told, or answers, whole in one write to a pipe. */
struct word {
	long result;
	uint64_t request;
	uint32_t length;
	char what;
	uint8_t bytes[BYTES];
};

static int device;

static void add(struct word *w, long result, const void *bytes, size_t n)
{
	if (w->length + 1 + n > BYTES)
		errx(1, "too much to answer");
	w->bytes[w->length++] = (uint8_t)-result;
	memcpy(w->bytes + w->length, bytes, n);
	w->length += result ? 0 : (uint32_t)n;
}

/* @given is the first number of what the ioctl reads, the second is 0. */
static void ask(struct word *w, unsigned long request, uint32_t given, size_t n)
{
	uint32_t answer[4] = { given };
	long r = ioctl(device, request, answer) ? -errno : 0;

	add(w, r, answer, n);
}

static void ask_config(struct word *w)
{
	struct {
		struct vhost_vdpa_config head;
		uint8_t bytes[CONFIG];
	} c = { .head = { .len = CONFIG } };
	long r = ioctl(device, VHOST_VDPA_GET_CONFIG, &c) ? -errno : 0;

	add(w, r, c.bytes, CONFIG);
}

static void ask_all(struct word *w)
{
	w->length = 0;
	ask(w, VHOST_GET_FEATURES, 0, 8);
	ask(w, VHOST_GET_BACKEND_FEATURES, 0, 8);
	ask(w, VHOST_VDPA_GET_STATUS, 0, 1);
	ask(w, VHOST_VDPA_GET_VRING_NUM, 0, 2);
	ask(w, VHOST_VDPA_GET_CONFIG_SIZE, 0, 4);
	ask(w, VHOST_VDPA_GET_VQS_COUNT, 0, 4);
	ask(w, VHOST_VDPA_GET_GROUP_NUM, 0, 4);
	ask(w, VHOST_VDPA_GET_AS_NUM, 0, 4);
	ask(w, VHOST_VDPA_GET_IOVA_RANGE, 0, 16);
	ask(w, VHOST_VDPA_GET_DEVICE_ID, 0, 4);
	ask_config(w);
	for (uint32_t i = 0; i < QUEUES; i++) {
		ask(w, VHOST_GET_VRING_BASE, i, 8);
		ask(w, VHOST_VDPA_GET_VRING_GROUP, i, 8);
		ask(w, GET_VRING_SIZE, i, 8);
	}
	w->result = 0;
}

static long send_message(const struct word *w)
{
	union {
		struct vhost_msg v1;
		struct vhost_msg_v2 v2;
	} m = { 0 };
	struct vhost_iotlb_msg *iotlb = &m.v2.iotlb;
	uint64_t n[NUMBERS];

	memcpy(n, w->bytes, sizeof(n));
	m.v2.type = (uint32_t)n[0];
	if (n[0] == VHOST_IOTLB_MSG)
		iotlb = &m.v1.iotlb;
	else
		m.v2.asid = (uint32_t)n[3];
	iotlb->type = (uint8_t)n[2];
	iotlb->iova = n[4];
	iotlb->size = n[5];
	iotlb->uaddr = n[6];
	iotlb->perm = (uint8_t)n[7];
	return write(device, &m, n[1]) < 0 ? -errno : 0;
}

static void act(struct word *w)
{
	if (w->what == 'f') {
		ask_all(w);
	} else if (w->what == 'w') {
		w->result = send_message(w);
	} else {
		void *where = w->length ? w->bytes : NULL;

		w->result = ioctl(device, w->request, where) ? -errno : 0;
	}
	if (w->what == 'w')
		w->length = 0;
}

static void live(int in, int out, bool nobody)
{
	struct rlimit pages = { 5 * 4096, 5 * 4096 };
	struct word w;

	if (mmap(PRIVATE, AREA, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
	    PRIVATE)
		err(1, "private memory");
	memset(PRIVATE, 1, AREA);
	if (nobody && (setrlimit(RLIMIT_MEMLOCK, &pages) || setuid(65534)))
		err(1, "cannot become nobody");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))	/* setuid() forgets it */
		err(1, "prctl");
	while (read(in, &w, sizeof(w)) == sizeof(w)) {
		act(&w);
		if (write(out, &w, sizeof(w)) != sizeof(w))
			err(1, "answer");
	}
	_exit(0);
}

static void begin(struct actor *a, bool nobody)
{
	int said[2], heard[2];

	if (pipe(said) || pipe(heard))
		err(1, "pipe");
	a->pid = fork();
	if (a->pid < 0)
		err(1, "fork");
	if (!a->pid)
		live(said[0], heard[1], nobody);
	a->in = said[1];
	a->out = heard[0];
	close(said[0]);
	close(heard[1]);
}

static unsigned long vmpin_kb(pid_t pid)
{
	char path[32], text[4096];
	const char *line;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		err(1, "%s", path);
	close(fd);
	text[n] = 0;
	line = strstr(text, "VmPin:");
	return line ? strtoul(line + 6, NULL, 10) : 0;
}

static uint8_t byte(const char *text)
{
	const char digits[3] = { text[0], text[1] };

	return (uint8_t)strtoul(digits, NULL, 16);
}

/* The reader leaves zeros behind what it reads, as an ioctl may read more. */
static void parse(struct word *w, const char *step)
{
	char *end;

	memset(w, 0, sizeof(*w));
	w->what = step[1];
	step += 2;
	if (w->what == 'i') {
		w->request = strtoull(step, &end, 16);
		for (step = end + (*end == ':'); *step; step += 2)
			w->bytes[w->length++] = byte(step);
	} else if (w->what == 'w') {
		for (size_t i = 0; i < NUMBERS; i++) {
			uint64_t n = strtoull(step, &end, 16);

			memcpy(w->bytes + 8 * i, &n, 8);
			step = end + 1;
		}
	}
}

static void print(FILE *to, const struct word *w, const struct actor *actors)
{
	fprintf(to, "{\"r\":%ld,\"pin\":[%lu,%lu,%lu],\"out\":\"", w->result,
		vmpin_kb(actors[0].pid), vmpin_kb(actors[1].pid),
		vmpin_kb(actors[2].pid));
	for (uint32_t i = 0; i < w->length; i++)
		fprintf(to, "%02x", w->bytes[i]);
	fputs("\"}\n", to);
}

static void prepare(const char *path)
{
	int file = memfd_create("shared", 0);

	if (file < 0 || ftruncate(file, AREA) ||
	    mmap(SHARED, AREA, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0) != SHARED)
		err(1, "shared memory");
	memset(SHARED, 1, AREA);
	for (int fd = EVENTS; fd < EVENTS + 4; fd++)
		if (dup2(eventfd(0, 0), fd) != fd)
			err(1, "eventfd");
	device = open(path, O_RDWR);
	if (device < 0)
		err(1, "%s", path);
}

static void end(const struct actor *actors)
{
	for (int i = 0; i < ACTORS; i++)
		if (kill(actors[i].pid, SIGKILL) ||
		    waitpid(actors[i].pid, NULL, 0) != actors[i].pid)
			err(1, "process %c", 'a' + i);
}

int main(int argc, char **argv)
{
	struct actor actors[ACTORS];
	FILE *to = fdopen(4, "w");

	if (argc < 2 || !to)
		errx(2, "player DEVICE STEP... 4>RESULTS");
	prepare(argv[1]);
	for (int i = 0; i < ACTORS; i++)
		begin(&actors[i], i == 2);
	for (int i = 2; i < argc; i++) {
		struct actor *a = &actors[argv[i][0] - 'a'];
		struct word w;

		parse(&w, argv[i]);
		if (write(a->in, &w, sizeof(w)) != sizeof(w) ||
		    read(a->out, &w, sizeof(w)) != sizeof(w))
			errx(1, "%s: process %c has ended", argv[i],
			     argv[i][0]);
		print(to, &w, actors);
	}
	end(actors);	/* the device can be opened again */
	return fflush(to) ? 1 : 0;
}
