/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "memory.h"
#include "regions.h"
#include "vfio.h"

/* Set @v->driven if it is an entropy device. No other is touched below. */
void entropy_find(struct vfio *v);

/* Start it with its ring at the start of @m, which is mapped at @iova. */
void entropy_start(const struct vfio *v, const struct memory *m, uint64_t iova);
void entropy_stop(const struct vfio *v);

/* Have it write into region @r; exits unless the bytes arrive. */
void entropy_prove(const struct vfio *v, const struct memory *m,
		   const struct region *r, uint64_t seq);
