/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/* What type1 and iommufd do alike: entries of struct family. */
void vfio_end(struct state *s);
void vfio_prove(struct state *s, const struct region *r, uint64_t seq);

/* Go on without the methods of @family: @what failed with @r, -errno. */
void vfio_skip(struct state *s, enum family_id family, const char *need,
	       const char *what, int r);
