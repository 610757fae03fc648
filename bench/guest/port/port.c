// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's way to the host and back, by port I/O alone: an access ends when
 * QEMU has answered it, and raises no interrupt. So nothing of the host's
 * timing reaches the guest, and two guests that were restored from one state
 * and are told the same execute the same instructions, to the last one.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

/* isa-debugcon, where argv() of qemu.py puts it. */
#define DEBUGCON 0xe9

/* QEMU's fw_cfg: docs/specs/fw_cfg.rst. Its directory is big-endian. */
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_FILE_DIR 0x19
#define FW_CFG_NAME 56

struct file {
	uint16_t key;
	uint32_t size;
};

static uint32_t read_number(unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | inb(FW_CFG_DATA);
	return value;
}

/* Find the file that QEMU has under @name; its size is 0 when there is none. */
static struct file find_file(const char *name)
{
	struct file found = { 0 };
	uint32_t count;

	outw(FW_CFG_FILE_DIR, FW_CFG_SELECT);
	count = read_number(4);
	while (count--) {
		char its_name[FW_CFG_NAME + 1] = "";
		struct file file = { .size = read_number(4) };

		file.key = (uint16_t)read_number(2);
		read_number(2);
		for (int i = 0; i < FW_CFG_NAME; i++)
			its_name[i] = (char)inb(FW_CFG_DATA);
		if (!strcmp(its_name, name))
			found = file;
	}
	return found;
}

/* Copy a file of the host to standard output. Returns whether it has text. */
static int copy_file(const char *name)
{
	struct file file = find_file(name);

	if (file.size <= 1)	/* QEMU takes no empty file: this is one */
		return 0;
	outw(file.key, FW_CFG_SELECT);
	while (file.size--)
		putchar(inb(FW_CFG_DATA));
	return 1;
}

/*
 * Wait until the host has text there: a guest is saved while it waits, and
 * finds the text when it goes on in a QEMU that has some.
 */
static void wait_for_file(const char *name)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	while (!copy_file(name))
		nanosleep(&moment, NULL);
}

/* Copy standard input to the host until its end. */
static void send_input(void)
{
	char data[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, data, sizeof(data)))) {
		if (n < 0 && errno != EINTR)
			exit(EXIT_FAILURE);
		for (ssize_t i = 0; i < n; i++)
			outb((unsigned char)data[i], DEBUGCON);
	}
}

int main(int argc, char **argv)
{
	if (iopl(3)) {
		perror("bench-port: iopl");
		return EXIT_FAILURE;
	}
	if (argc == 2 && !strcmp(argv[1], "send"))
		send_input();
	else if (argc == 3 && !strcmp(argv[1], "get"))
		copy_file(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "wait"))
		wait_for_file(argv[2]);
	else
		return 2;
	return EXIT_SUCCESS;
}
