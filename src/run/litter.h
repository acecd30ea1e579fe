/* SPDX-License-Identifier: MIT */
/*
 * Files that git ignores and that items left in their work trees, added up for
 * the whole run: it is told once what goes with the trees, and what was copied.
 */
#ifndef RUN_LITTER_H
#define RUN_LITTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "plan/frame.h"

struct litter {
	size_t items; /* that left some which are not kept */
	uint64_t files; /* that are not kept */
	uint64_t bytes;
	struct strv names; /* the first ones */
	uint64_t kept_files;
	uint64_t kept_bytes;
};

/* What one attempt left. */
void litter_add(struct litter *litter, const struct frame_result *result);
/* Warns of what is not kept, if there is any. */
void litter_warn(const struct litter *litter);
/* "3 files (1.5 KiB)", allocated; NULL when nothing was copied. */
char *litter_kept(const struct litter *litter) MUST_USE;
void litter_release(struct litter *litter);

#endif
