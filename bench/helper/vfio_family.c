// SPDX-License-Identifier: GPL-2.0-only
/* What both ways to open a device of vfio do alike. */
#include <string.h>

#include "entropy.h"
#include "vfio_family.h"

void vfio_end(struct state *s)
{
	entropy_stop(&s->v);
	vfio_close(&s->v);	/* with the last file go mappings and pins */
}

void vfio_prove(struct state *s, const struct region *r, uint64_t seq)
{
	entropy_prove(&s->v, &s->m, r, seq);
}

void vfio_skip(struct state *s, enum family_id family, const char *need,
	       const char *what, int r)
{
	for (uint8_t m = 0; m < NMETHODS; m++)
		if (method_rows[m].family == family &&
		    order_has(&s->p.order, m))
			order_skip(&s->p.order, m, need, "%s: %s", what,
				   strerror(-r));
}
