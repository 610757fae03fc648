// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map memory of several kinds in one IOTLB message, and say what came of it.
 *
 *	mapper DEVICE PERM SKIP KIND:STATES...
 *
 * The first SKIP pages of 4 KiB are left out of the mapping.
 * The kinds lie one behind the other in user memory: "shmem", "huge" (hugetlb,
 * 2 MiB) and "thp" are a file of their own; "sealed" is a file of shmem that
 * is sealed against writing; "private" a private mapping of a file; "anon"
 * scattered pages of no file; "none" no memory. Each letter is a page:
 *
 *	c	in the page cache, and in no page table
 *	.	a hole
 *	f	allocated by fallocate(), and never touched
 *	e	behind the end of the file, of which there is no more
 *	h	the file ends in the middle of it
 *	p	poisoned
 *
 * To file 4 goes what the message returned (r, a negated errno), the pages that
 * were charged, those that are in page tables then (a digit each), those in
 * which the device reads something else than this process has written, the
 * pins that were taken, and how many of them are left when all is unmapped.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define AT ((char *)0x40000000)		/* of the memory, in 2 MiB */
#define RINGS ((char *)0x20000000)
#define RINGS_IOVA 0x20000000ull	/* that of the memory is 1 GiB */
#define IOVA 0x40000000ull
#define PAGE 4096ul
#define HUGE (2ul << 20)
#define RING 8				/* entries */
#define PACKET 64			/* bytes */
#define YIELDS 2000000
#define UNITS 2048

struct unit {
	char *at;
	bool writable;
};

static struct unit units[UNITS];
static size_t n_units;
static char *end = AT;
static int device, kick[2];

static void must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

/* A number of a file in which each line is a name and a number. */
static long number_of(const char *path, const char *name)
{
	char line[256];
	long number = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			number = atol(line + strlen(name));
	fclose(f);
	return number;
}

static long pins(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "w");

	if (!f || fputs("1", f) < 0 || fclose(f))
		err(1, "stat_refresh");
	return number_of("/proc/vmstat", "nr_foll_pin_acquired ") -
	       number_of("/proc/vmstat", "nr_foll_pin_released ");
}

static long charged(void)
{
	return number_of("/proc/self/status", "VmPin:") / 4;
}

static void stamp(char *page, size_t number)
{
	memset(page, 0, 12);			/* struct virtio_net_hdr_v1 */
	memset(page + 12, 0xff, 6);		/* to all */
	memcpy(page + 32, &number, sizeof(number));
}

static void *map_file(int file, size_t size, int protection, int flags,
		      char *at)
{
	char *got = mmap(at, size, protection, flags | (at ? MAP_FIXED : 0),
			 file, 0);

	if (got == MAP_FAILED)
		err(1, "mmap");
	return got;
}

/* Poisoning a page sends a signal, which kills who ignores it. */
static void told(int signal)
{
	(void)signal;
}

/* Give each page of a file its state, through a mapping that goes away. */
static void fill(int file, const char *states, size_t page, bool thp)
{
	size_t n = strlen(states), size = strcspn(states, "e") * page;
	char *at;

	if (strchr(states, 'h'))
		size -= page / 2;
	must(ftruncate(file, (off_t)size), "ftruncate");
	at = map_file(file, n * page, PROT_READ | PROT_WRITE, MAP_SHARED, NULL);
	if (thp)
		must(madvise(at, n * page, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	for (size_t i = 0; i < n; i++) {
		if (strchr("chp", states[i]))
			stamp(at + i * page, n_units + i);
		if (states[i] == 'f')
			must(fallocate(file, 0, (off_t)(i * page),
				       (off_t)page), "fallocate");
	}
	must(munmap(at, n * page), "munmap");
	for (size_t i = 0; i < n; i++) {
		if (states[i] != 'p')
			continue;
		at = map_file(file, n * page, PROT_READ, MAP_SHARED, NULL);
		(void)*(volatile char *)(at + i * page);
		must(madvise(at + i * page, page, MADV_HWPOISON),
		     "MADV_HWPOISON");
		must(munmap(at, n * page), "munmap");
	}
}

static void add_scattered(const char *states)
{
	size_t n = strlen(states);

	map_file(-1, n * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, end);
	must(madvise(end, n * PAGE, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
	for (size_t i = 0; i < n; i += 2)
		end[i * PAGE] = 1;
	for (size_t i = 1; i < n; i += 2)
		end[i * PAGE] = 1;
}

static void add_file(const char *kind, const char *states, size_t page)
{
	bool sealed = !strcmp(kind, "sealed"), thp = !strcmp(kind, "thp");
	bool private = !strcmp(kind, "private");
	int file = memfd_create(kind, MFD_ALLOW_SEALING |
				(strcmp(kind, "huge") ? 0 : MFD_HUGETLB));
	size_t size = strlen(states) * page;

	must(file, "memfd_create");
	fill(file, states, page, thp);
	if (sealed)
		must(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), "F_SEAL_WRITE");
	map_file(file, size, sealed ? PROT_READ : PROT_READ | PROT_WRITE,
		 private ? MAP_PRIVATE : MAP_SHARED, end);
	if (thp)	/* in two mappings, with a huge page in both */
		must(madvise(end + size / 2, size / 2, MADV_DONTDUMP), "split");
	close(file);
}

static void add(char *text)
{
	char *states = strchr(text, ':');
	bool sealed = !strncmp(text, "sealed", 6);
	size_t page = PAGE;

	*states++ = 0;
	if (!strcmp(text, "huge") || !strcmp(text, "thp"))
		page = HUGE;
	if (!strcmp(text, "anon"))
		add_scattered(states);
	else if (strcmp(text, "none"))
		add_file(text, states, page);
	for (; *states; states++, end += page)
		units[n_units++] = (struct unit) { end, !sealed };
}

static long send_message(uint8_t type, uint64_t iova, const char *at,
			 uint64_t size, uint8_t perm)
{
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.type = type, .iova = iova, .size = size,
			.uaddr = (uintptr_t)at, .perm = perm,
		},
	};

	return write(device, &m, sizeof(m)) < 0 ? -errno : 0;
}

/* Queue 0 receives what queue 1 sends. Each has a page, its buffer another. */
static void start(void)
{
	uint64_t v2 = 1ull << VHOST_BACKEND_F_IOTLB_MSG_V2;
	uint64_t features = 3ull << 32;	/* VERSION_1, ACCESS_PLATFORM */
	uint8_t statuses[] = { 1, 3, 11, 15 };

	map_file(-1, 4 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, RINGS);
	must(ioctl(device, VHOST_SET_OWNER), "SET_OWNER");
	must(ioctl(device, VHOST_SET_BACKEND_FEATURES, &v2), "backend");
	must(ioctl(device, VHOST_SET_FEATURES, &features), "features");
	must(send_message(VHOST_IOTLB_UPDATE, RINGS_IOVA, RINGS, 4 * PAGE, 3),
	     "rings");
	for (unsigned int q = 0; q < 2; q++) {
		uint64_t at = RINGS_IOVA + q * PAGE;
		struct vhost_vring_state s = { q, RING };
		struct vhost_vring_addr a = {
			.index = q, .desc_user_addr = at,
			.avail_user_addr = at + 1024,
			.used_user_addr = at + 2048,
		};
		struct vhost_vring_file f = { q, kick[q] = eventfd(0, 0) };

		must(ioctl(device, VHOST_SET_VRING_NUM, &s), "num");
		must(ioctl(device, VHOST_SET_VRING_ADDR, &a), "addr");
		must(ioctl(device, VHOST_SET_VRING_KICK, &f), "kick");
		s.num = 1;
		must(ioctl(device, VHOST_VDPA_SET_VRING_ENABLE, &s), "enable");
	}
	for (size_t i = 0; i < sizeof(statuses); i++)
		must(ioctl(device, VHOST_VDPA_SET_STATUS, &statuses[i]),
		     "status");
}

static void post(unsigned int q, uint64_t iova, uint16_t flags)
{
	struct vring_desc *desc = (struct vring_desc *)(RINGS + q * PAGE);
	volatile struct vring_avail *avail =
		(struct vring_avail *)(RINGS + q * PAGE + 1024);

	*desc = (struct vring_desc) {
		.addr = iova, .len = PACKET, .flags = flags,
	};
	avail->ring[avail->idx % RING] = 0;
	__sync_synchronize();
	avail->idx++;
	__sync_synchronize();
	must(eventfd_write(kick[q], 1), "kick");
}

/* Have the device send what is at @iova to itself. */
static const char *received(uint64_t iova)
{
	volatile struct vring_used *used = (struct vring_used *)(RINGS + 2048);
	uint16_t before = used->idx;

	memset(RINGS + 2 * PAGE, 0, PACKET);
	post(0, RINGS_IOVA + 2 * PAGE, VRING_DESC_F_WRITE);
	post(1, iova, 0);
	for (int i = 0; i < YIELDS && used->idx == before; i++)
		sched_yield();
	__sync_synchronize();
	return RINGS + 2 * PAGE;
}

/* The pages in which the device reads something else than was written. */
static size_t count_different(const char *from, bool writes)
{
	size_t n = 0;

	for (size_t i = 0; i < n_units; i++) {
		char *at = units[i].at;

		if (at < from)
			continue;
		if (writes && units[i].writable)
			stamp(at, i + UNITS);
		n += !!memcmp(received(IOVA + (uint64_t)(at - AT)), at, PACKET);
	}
	return n;
}

static void print_faulted(FILE *to)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	must(pagemap, "pagemap");
	for (size_t i = 0; i < n_units; i++) {
		uint64_t entry = 0;
		off_t at = (off_t)((uintptr_t)units[i].at / PAGE * 8);

		if (pread(pagemap, &entry, 8, at) != 8)
			err(1, "pagemap");
		fputc('0' + (entry >> 63), to);
	}
	close(pagemap);
}

int main(int argc, char **argv)
{
	FILE *to = fdopen(4, "w");
	long pinned, before, r;
	size_t skip;
	uint8_t perm;

	if (argc < 5 || !to)
		errx(2, "mapper DEVICE PERM SKIP KIND:STATES... 4>RESULTS");
	signal(SIGBUS, told);
	device = open(argv[1], O_RDWR);
	must(device, argv[1]);
	perm = (uint8_t)atoi(argv[2]);
	skip = strtoul(argv[3], NULL, 10) * PAGE;
	for (int i = 4; i < argc; i++)
		add(argv[i]);
	start();
	before = charged();
	pinned = pins();

	r = send_message(VHOST_IOTLB_UPDATE, IOVA + skip, AT + skip,
			 (size_t)(end - AT) - skip, perm);
	fprintf(to, "{\"r\":%ld,\"charged\":%ld,\"pins\":%ld,\"faulted\":\"", r,
		charged() - before, pins() - pinned);
	print_faulted(to);
	fprintf(to, "\",\"differs\":%zu",
		r ? 0 : count_different(AT + skip, perm & 2));
	must(send_message(VHOST_IOTLB_INVALIDATE, IOVA, NULL,
			  (uint64_t)(end - AT), 0), "INVALIDATE");
	fprintf(to, ",\"still_charged\":%ld,\"left\":%ld}\n",
		charged() - before, pins() - pinned);
	return fflush(to) ? 1 : 0;
}
