// SPDX-License-Identifier: GPL-2.0-only
/* Which function an address is of. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "functions.h"
#include "output.h"

#define PAGE	4096u
#define MOST_PROGRAMS	16

/* The kernel, whose code is not known (it patches itself), or a program. */
struct text {
	uint64_t begin, size;		/* in its address space */
	const uint8_t *code;
	uint32_t first, n;		/* of its functions */
};

static struct function *all;
static uint32_t count, room, known;
static struct text texts[MOST_PROGRAMS];
static unsigned int ntexts;

struct function *function(uint32_t number)
{
	return &all[number];
}

static uint32_t add(uint64_t begin, uint64_t end, enum entry entry)
{
	if (count == room) {
		room = room ? 2 * room : 1 << 16;
		all = realloc(all, room * sizeof(*all));
		if (!all)
			abort();
	}
	all[count] = (struct function) { begin, end, entry };
	return count++;
}

static bool map_program(struct text *t, const char *path, uint64_t offset)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *file;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) || offset + t->size > (uint64_t)st.st_size) {
		close(fd);
		return false;
	}
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return false;
	t->code = (const uint8_t *)file + offset;
	return true;
}

static bool begin_text(const char *line)
{
	struct text *t = &texts[ntexts];
	uint64_t offset;
	int at = 0;

	if (ntexts == MOST_PROGRAMS)
		return false;
	*t = (struct text) { .begin = LOWEST_OF_KERNEL,
			     .size = LOWEST_OF_KERNEL, .first = count };
	ntexts++;
	if (!strncmp(line, "kernel", 6))
		return true;
	return sscanf(line, "program %" SCNx64 " %" SCNx64 " %" SCNx64 " %n",
		      &t->begin, &t->size, &offset, &at) == 3 &&
		map_program(t, line + at, offset);
}

static bool read_line(char *line)
{
	uint64_t begin, end;
	char entry;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %c", &begin, &end, &entry) !=
	    3)
		return begin_text(line);
	if (!ntexts)
		return false;
	add(begin, end, (enum entry)entry);
	texts[ntexts - 1].n++;
	return true;
}

bool functions_read(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size = 0;
	char *line = NULL;
	bool good = file;

	while (good && getline(&line, &size, file) > 0)
		good = read_line(line);
	free(line);
	if (file)
		fclose(file);
	known = count;
	return good;
}

static bool has(const struct text *t, uint64_t vaddr, const uint8_t *code,
		size_t size)
{
	if (vaddr - t->begin >= t->size)
		return false;
	return !t->code || (vaddr - t->begin + size <= t->size &&
			    !memcmp(t->code + (vaddr - t->begin), code, size));
}

/* The last function of a text that begins at an address or before it. */
static bool find(const struct text *t, uint64_t vaddr, uint32_t *number)
{
	uint32_t low = t->first, high = t->first + t->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (all[middle].begin <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	*number = low - 1;
	return low > t->first && vaddr < all[low - 1].end;
}

/* Few are not known: a search from the first is no cost. */
static uint32_t page_of(uint64_t vaddr)
{
	uint64_t page = vaddr & ~(uint64_t)(PAGE - 1);
	uint32_t number;

	for (number = known; number < count; number++)
		if (all[number].begin == page)
			return number;
	number = add(page, page + PAGE, ENTERED_PLAINLY);
	output("f %" PRIu32 " %" PRIx64 "\n", number, page);
	return number;
}

uint32_t function_at(uint64_t vaddr, const uint8_t *code, size_t size)
{
	uint32_t number;

	for (unsigned int i = 0; i < ntexts; i++)
		if (has(&texts[i], vaddr, code, size) &&
		    find(&texts[i], vaddr, &number))
			return number;
	return page_of(vaddr);
}
