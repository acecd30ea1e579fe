/* SPDX-License-Identifier: MIT */
/*
 * A work tree from one agent to the next: made as good as new, and looked at
 * when the agent has ended.
 */
#ifndef GIT_WORKTREE_USE_H
#define GIT_WORKTREE_USE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/git.h"

/*
 * The arguments with which git makes the files of a tree exactly those of base,
 * on a new branch or one that is reset to base (NULL: detached); and those with
 * which it removes what is untracked or ignored.
 */
void worktree_checkout_args(
    struct strv *args, const char *branch, const char *base);
void worktree_clean_args(struct strv *args);
/*
 * Those with which git makes a tree base whose files and index are exactly
 * those of the commit from: only what differs is touched.
 */
void worktree_move_args(struct strv *args, const char *from, const char *base);
/*
 * Whether these two can make the tree as good as new: no operation is in
 * progress, it has no settings of its own and no index flags that hide changes.
 */
bool worktree_is_reusable(const char *path);

struct worktree_status {
	struct strv changed; /* porcelain lines of tracked changes */
	struct strv untracked; /* "?? path" */
	struct strv ignored; /* paths of ignored files; "path/": a folder */
};
bool worktree_status(const char *path, struct worktree_status *status,
    struct error *err) MUST_USE;
void worktree_status_release(struct worktree_status *status);

/*
 * True when the files of a tree are certainly those of its index: none is
 * missing, changed, untracked or ignored. tree then gets the id of the tree
 * object that the index would be: if HEAD's commit has that tree, nothing was
 * left uncommitted. It costs a look at each file, and no program; false means
 * that git has to be asked (worktree_status()).
 */
bool worktree_is_index(const char *path, char tree[GIT_OID_SIZE]) MUST_USE;

/* --- git's index ------------------------------------------------------ */

/*
 * A look at git's index file (Documentation: gitformat-index) for what a reset
 * would not undo: true when the bytes are an index of version 2, 3 or 4 without
 * split or sparse extension, in which no entry is marked assume-unchanged or
 * skip-worktree and none is a submodule. Anything unknown is false.
 */
bool index_is_plain(const void *bytes, size_t len, size_t oid_bytes);

#endif
