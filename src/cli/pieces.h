/* SPDX-License-Identifier: MIT */
/*
 * All work of a repository that was kept: what the salvage refs point at, and
 * the work trees of agents that stayed. Only git is needed to find it.
 */
#ifndef CLI_PIECES_H
#define CLI_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "cli/find.h"
#include "git/salvaged.h"

struct piece {
	const struct salvaged *work; /* borrowed; NULL: a tree */
	char *job; /* or the session of a standard workflow */
	char *item;
	const char *kind; /* borrowed */
	char *path; /* of a tree */
	char *branch; /* of a tree; NULL: none */
};

struct pieces {
	struct piece *items; /* by job and item */
	size_t n;
	size_t cap;
	struct salvaged_list work;
	const char *chosen; /* the item that was asked for, or NULL: all */
};

/* Of all jobs; trees of runs that are going on are left out. */
bool pieces_collect(
    const struct find *find, struct pieces *pieces, struct error *err) MUST_USE;
/*
 * Leaves what is meant: of the job that text names (any form of its id, or a
 * prefix; NULL: the newest one that has something, or all_jobs), and of item
 * ("item_3", "3", "item_3/2"; NULL: all). Nothing is left of a job that is
 * known where nothing was kept, which is an error unless all_jobs.
 */
bool pieces_choose(const struct find *find, struct pieces *pieces,
    const char *job, const char *item, bool all_jobs,
    struct error *err) MUST_USE;
void pieces_release(struct pieces *pieces);

#endif
