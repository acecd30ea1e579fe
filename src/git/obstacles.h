/* SPDX-License-Identifier: MIT */
/*
 * What a merge would write over in a work tree of the user's. Git looks too,
 * but lets ignored files go without a word, and when it refuses it resets the
 * tree, which undoes edits of files that are marked assume-unchanged. So it is
 * called only where nothing is in the way.
 */
#ifndef GIT_OBSTACLES_H
#define GIT_OBSTACLES_H

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/git.h"

struct obstacles {
	struct strv changed; /* tracked, with changes that are not committed */
	struct strv untracked; /* ignored ones, too */
	bool more; /* there are more untracked ones than were looked for */
};

/*
 * Finds what would be in the way of bringing the tree from HEAD to the tree
 * object new. Nothing is touched. Paths are relative to the tree, raw bytes.
 */
bool obstacles_find(const struct git_wait *wait, const char *tree,
    const char *new, struct obstacles *found, struct error *err) MUST_USE;
/* True when there are none; else err names them, up to a number. */
bool obstacles_none(const struct obstacles *found, struct error *err);
void obstacles_release(struct obstacles *found);

#endif
