// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk in memory behind VDUSE, whose daemon can suspend (Linux 7.3): that of
 * QEMU 11 cannot, so that vhost-vdpa offers no SUSPEND for it.
 *
 *	bench-vduse NAME	until it is killed
 *	bench-vduse		does this kernel have it? 0, or 1
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vduse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Since Linux 7.3, later than the headers of most build machines. */
#define GET_FEATURES _IOR(VDUSE_BASE, 0x04, uint64_t)
#define SET_FEATURES _IOW(VDUSE_BASE, 0x05, uint64_t)
#define F_SUSPEND (1ull << 1)
#define REQUEST_SUSPEND 5

#define DISK (16u << 20)
#define SECTOR 512u
#define ENTRIES 256u	/* of the ring, at most */
#define MAPPINGS 64u

/* A piece of the driver's memory, mapped as soon as a ring refers to it. */
struct mapping {
	uint64_t first, last;	/* IO virtual addresses */
	unsigned char *at;
};

static struct mapping mappings[MAPPINGS];
static unsigned int nmappings;
static unsigned char disk[DISK];
static int device;

static struct {
	unsigned int num;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next;		/* entry of the available ring */
	int kick;
	bool runs;
} queue = { .kick = -1 };

static void forget_mappings(void)
{
	while (nmappings) {
		struct mapping *m = &mappings[--nmappings];

		munmap(m->at, m->last - m->first + 1);
	}
}

static struct mapping *map(uint64_t iova)
{
	struct vduse_iotlb_entry entry = { .start = iova, .last = iova };
	struct mapping *m = &mappings[nmappings];
	int prot, fd = ioctl(device, VDUSE_IOTLB_GET_FD, &entry);

	if (fd < 0 || nmappings == MAPPINGS)
		errx(1, "nothing is mapped at 0x%llx",
		     (unsigned long long)iova);
	prot = (entry.perm & VDUSE_ACCESS_RO ? PROT_READ : 0) |
	       (entry.perm & VDUSE_ACCESS_WO ? PROT_WRITE : 0);
	m->first = entry.start;
	m->last = entry.last;
	m->at = mmap(NULL, entry.last - entry.start + 1, prot, MAP_SHARED, fd,
		     entry.offset);
	if (m->at == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	nmappings++;
	return m;
}

/* Where an address of the driver's is here; it must not cross a mapping. */
static void *translate(uint64_t iova, uint64_t size)
{
	struct mapping *m = mappings;

	while (m < mappings + nmappings && (iova < m->first || iova > m->last))
		m++;
	if (m == mappings + nmappings)
		m = map(iova);
	if (size > m->last - iova + 1)
		errx(1, "a buffer crosses the end of its mapping");
	return m->at + (iova - m->first);
}

/* A request: its header, one piece of data, its status. Bytes written. */
static uint32_t serve(uint16_t head)
{
	const struct vring_desc *d = &queue.desc[head];
	const struct vring_desc *data = &queue.desc[d->next];
	const struct vring_desc *end = &queue.desc[data->next];
	struct virtio_blk_outhdr *header = translate(d->addr, sizeof(*header));
	unsigned char *bytes = translate(data->addr, data->len);
	uint8_t *status = translate(end->addr, 1);
	uint64_t at = header->sector * SECTOR;

	*status = VIRTIO_BLK_S_OK;
	if (header->sector > DISK / SECTOR || data->len > DISK - at)
		*status = VIRTIO_BLK_S_IOERR;
	else if (header->type == VIRTIO_BLK_T_OUT)
		memcpy(disk + at, bytes, data->len);
	else if (header->type == VIRTIO_BLK_T_IN)
		memcpy(bytes, disk + at, data->len);
	else
		*status = VIRTIO_BLK_S_UNSUPP;
	return header->type == VIRTIO_BLK_T_IN ? data->len + 1 : 1;
}

static void serve_all(void)
{
	uint32_t number = 0;

	while (queue.runs &&
	       __atomic_load_n(&queue.avail->idx, __ATOMIC_ACQUIRE) !=
	       queue.next) {
		uint16_t head = queue.avail->ring[queue.next++ % queue.num];
		uint16_t done = queue.used->idx;
		struct vring_used_elem *slot =
			&queue.used->ring[done % queue.num];

		slot->id = head;
		slot->len = serve(head);
		__atomic_store_n(&queue.used->idx, done + 1, __ATOMIC_RELEASE);
		if (ioctl(device, VDUSE_VQ_INJECT_IRQ, &number))
			err(1, "VDUSE_VQ_INJECT_IRQ");
	}
}

static void stop(void)
{
	struct vduse_vq_eventfd none = { .fd = VDUSE_EVENTFD_DEASSIGN };

	if (queue.kick >= 0) {
		ioctl(device, VDUSE_VQ_SETUP_KICKFD, &none);
		close(queue.kick);
	}
	queue.kick = -1;
	queue.runs = false;
}

/* Where the ring is, and whether it is in use. */
static bool find_ring(void)
{
	struct vduse_vq_info info = { .index = 0 };

	if (ioctl(device, VDUSE_VQ_GET_INFO, &info))
		err(1, "VDUSE_VQ_GET_INFO");
	if (!info.ready)
		return false;
	queue.num = info.num;
	queue.desc = translate(info.desc_addr, sizeof(*queue.desc) * info.num);
	queue.avail = translate(info.driver_addr, sizeof(*queue.avail));
	queue.used = translate(info.device_addr, sizeof(*queue.used));
	if (!queue.runs)
		queue.next = info.split.avail_index;
	return true;
}

static void start(void)
{
	struct vduse_vq_eventfd kick = { .index = 0 };

	if (queue.runs || !find_ring())
		return;
	queue.kick = kick.fd = eventfd(0, EFD_NONBLOCK);
	if (kick.fd < 0 || ioctl(device, VDUSE_VQ_SETUP_KICKFD, &kick))
		err(1, "VDUSE_VQ_SETUP_KICKFD");
	queue.runs = true;
	serve_all();	/* a kick may have come before its eventfd */
}

static void set_status(uint8_t status)
{
	if (status & VIRTIO_CONFIG_S_DRIVER_OK) {
		start();
	} else if (!status) {
		stop();
		forget_mappings();
	}
}

static void answer(void)
{
	struct vduse_dev_request request;
	struct vduse_dev_response response = { 0 };

	if (read(device, &request, sizeof(request)) != sizeof(request))
		err(1, "a request");
	response.request_id = request.request_id;
	response.result = VDUSE_REQ_RESULT_OK;
	switch (request.type) {
	case VDUSE_GET_VQ_STATE:
		response.vq_state.split.avail_index = queue.next;
		break;
	case VDUSE_SET_STATUS:
		set_status(request.s.status);
		break;
	case VDUSE_UPDATE_IOTLB:
		forget_mappings();
		if (queue.runs)
			find_ring();
		break;
	case REQUEST_SUSPEND:
		queue.runs = false;
		break;
	default:
		response.result = VDUSE_REQ_RESULT_FAILED;
	}
	if (write(device, &response, sizeof(response)) != sizeof(response))
		err(1, "a response");
}

static int open_control(void)
{
	int control = open("/dev/vduse/control", O_RDWR | O_CLOEXEC);
	uint64_t has = 0, version = 0, wanted = F_SUSPEND;

	if (control < 0)
		err(1, "/dev/vduse/control");
	if (ioctl(control, GET_FEATURES, &has) || !(has & F_SUSPEND))
		errx(1, "this kernel's VDUSE cannot suspend: Linux 7.3 can");
	if (ioctl(control, VDUSE_SET_API_VERSION, &version) ||
	    ioctl(control, SET_FEATURES, &wanted))
		err(1, "features of VDUSE");
	return control;
}

static void create(int control, const char *name)
{
	struct virtio_blk_config config = { .capacity = DISK / SECTOR };
	struct vduse_vq_config vq = { .index = 0, .max_size = ENTRIES };
	struct vduse_dev_config *dev =
		calloc(1, sizeof(*dev) + sizeof(config));
	char path[sizeof("/dev/vduse/") + VDUSE_NAME_MAX];

	if (!dev)
		err(1, "memory");
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->device_id = VIRTIO_ID_BLOCK;
	dev->features = 1ull << VIRTIO_F_VERSION_1 |
			1ull << VIRTIO_F_ACCESS_PLATFORM;
	dev->vq_num = 1;
	dev->vq_align = 4096;
	dev->config_size = sizeof(config);
	memcpy(dev->config, &config, sizeof(config));
	if (ioctl(control, VDUSE_CREATE_DEV, dev))
		err(1, "VDUSE_CREATE_DEV");
	snprintf(path, sizeof(path), "/dev/vduse/%s", dev->name);
	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, VDUSE_VQ_SETUP, &vq))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	int control = open_control();
	uint64_t count;

	if (argc < 2)
		return 0;
	create(control, argv[1]);
	for (;;) {
		struct pollfd ready[] = {
			{ .fd = device, .events = POLLIN },
			{ .fd = queue.kick, .events = POLLIN },
		};

		if (poll(ready, 2, -1) < 0)
			err(1, "poll");
		if (ready[1].revents & POLLIN &&
		    read(queue.kick, &count, sizeof(count)) > 0)
			serve_all();
		if (ready[0].revents & POLLIN)
			answer();
	}
}
