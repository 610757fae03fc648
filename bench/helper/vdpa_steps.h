/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/* Steps of methods that also begin or end the devices of a VM, all of them. */
void vdpa_claim_open(struct state *s);
void vdpa_release_close(struct state *s);
void vdpa_map_all(struct state *s);
void vdpa_start_all(struct state *s);

/* Empty the rings of one. */
void vdpa_layout(struct state *s, struct vdpa *d);
