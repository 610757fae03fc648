// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make one boot unlike another: allocate memory, free it in another order,
 * keep a page here and there. Two boots of an emulated CPU are the same to the
 * last instruction; two boots of a real one are not, since what happens when
 * decides which page is where. All of it follows from the boot's number.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE 4096UL
#define MOST_PAGES (64UL << 10)	/* 256 MiB */
#define LARGEST_ORDER 10	/* 4 MiB: MAX_PAGE_ORDER of x86 */
#define KEEP_ONE_IN 32

struct piece {
	off_t at;
	off_t bytes;
};

/* Return a pseudo-random number: Steele et al., SplitMix, OOPSLA 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Fill a file piece by piece; each has a power of two of pages. */
static size_t allocate(int fd, struct piece *pieces, size_t pages,
		       uint64_t *state)
{
	size_t count = 0;
	off_t end = pages * PAGE;

	for (off_t at = 0; at < end; at += pieces[count++].bytes) {
		uint64_t order = next_random(state) % (LARGEST_ORDER + 1);

		pieces[count] = (struct piece){ at, (off_t)(PAGE << order) };
		if (posix_fallocate(fd, at, pieces[count].bytes))
			break;
	}
	return count;
}

static void shuffle(struct piece *pieces, size_t count, uint64_t *state)
{
	for (size_t left = count; left > 1; left--) {
		size_t other = next_random(state) % left;
		struct piece last = pieces[left - 1];

		pieces[left - 1] = pieces[other];
		pieces[other] = last;
	}
}

/* Free each piece, of some all but the first page: the file keeps those. */
static int release(int fd, const struct piece *pieces, size_t count,
		   uint64_t *state)
{
	for (size_t i = 0; i < count; i++) {
		off_t kept = next_random(state) % KEEP_ONE_IN ? 0 : (off_t)PAGE;

		if (pieces[i].bytes > kept &&
		    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      pieces[i].at + kept, pieces[i].bytes - kept))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct piece *pieces = calloc(MOST_PAGES, sizeof(*pieces));
	struct sysinfo memory;
	uint64_t state;
	size_t pages, count;
	int fd;

	if (argc != 3 || !pieces || sysinfo(&memory))
		return 2;
	state = strtoull(argv[2], NULL, 0);
	pages = memory.freeram * memory.mem_unit / PAGE / 4;
	if (pages > MOST_PAGES)
		pages = MOST_PAGES;
	fd = open(argv[1], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	count = allocate(fd, pieces, pages, &state);
	shuffle(pieces, count, &state);
	if (release(fd, pieces, count, &state)) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
