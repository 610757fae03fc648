// SPDX-License-Identifier: GPL-2.0-only
/* Open files, sent over a UNIX socket to another process. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emit.h"
#include "files.h"

union control {
	char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
	struct cmsghdr align;
};

void send_files(int sock, const int *fds, int count)
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
		die("sendmsg", errno, "sendmsg: %s", strerror(errno));
}

int receive_files(int sock, int *fds)
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
