/* SPDX-License-Identifier: MIT */
/* What merger.c and merger_tree.c share. */
#ifndef GIT_MERGER_PARTS_H
#define GIT_MERGER_PARTS_H

#include "git/batch.h"
#include "git/merger.h"

struct merger {
	struct loop *loop;
	char *dir;
	char *scratch;
	struct batch *stream; /* merge-tree --stdin */
	unsigned asked; /* since it was started */
	unsigned failed; /* one after the other */
	char *tree; /* the work tree for old versions of git; NULL: none yet */
};

struct merging {
	struct merger *merger;
	char old[GIT_OID_SIZE];
	char tip[GIT_OID_SIZE];
	merger_fn *fn;
	void *arg;
};

/* Calls back and frees merging. */
void merging_done(struct merging *merging, const struct merged *merged,
    const struct error *err);
void merging_fail(struct merging *merging, const struct error *err);

/* The merge in a work tree of our own. */
void merger_tree_start(struct merging *merging);
void merger_tree_remove(struct merger *merger);

#endif
