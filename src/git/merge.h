/* SPDX-License-Identifier: MIT */
/*
 * Merging on object level: no work tree, no index, no lock of the user is
 * involved, and no ref. The caller lets one lead to the merge commit, or to the
 * last of several that stand upon one another (objects_harden()); a crash
 * before that leaves nothing but unreachable objects.
 */
#ifndef GIT_MERGE_H
#define GIT_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/git.h"
#include "git/objects.h"

enum merge_outcome {
	MERGE_DONE,
	MERGE_CONFLICT,
	MERGE_FAILED, /* err says why */
};

struct merge_request {
	const char *old; /* first parent */
	const char *tip; /* second parent */
	/*
	 * The commit tip started from: when that is old and tip descends from
	 * it, tip's tree is the result. NULL: not known. Any other merge finds
	 * its base itself.
	 */
	const char *base;
	const char *tree; /* a tree that was merged elsewhere, or NULL */
	const char *message;
	const char *identity; /* "Name <mail>" */
	int64_t wall_ms; /* time of the commit */
};

struct merge_result {
	enum merge_outcome outcome;
	char commit[GIT_OID_SIZE]; /* of MERGE_DONE */
	/*
	 * Of MERGE_DONE: old contains tip already. No commit was made, commit
	 * is old.
	 */
	bool nothing;
	struct strv paths; /* of MERGE_CONFLICT: raw bytes of file names */
	const char *messages; /* of MERGE_CONFLICT: git's words, valid UTF-8 */
	const struct error *err; /* of MERGE_FAILED */
};

typedef void merge_done_fn(const struct merge_result *result, void *arg);

/*
 * Merges and calls fn once, from the loop. request is not kept. One merge at a
 * time; the next one's old may be this one's commit.
 */
void merge_start(struct objects *objects, const struct merge_request *request,
    merge_done_fn *fn, void *arg);

/* --- a conflict that somebody resolved -------------------------------- */

/*
 * What somebody left who was asked to resolve a conflict in a scratch work
 * tree: true when HEAD descends from both old and tip, no operation is open,
 * nothing is unmerged or uncommitted, and no conflict marker was added to what
 * either side had. Waits for git. tree gets HEAD's tree.
 */
bool merge_verify(const char *worktree, const char *old, const char *tip,
    char tree[GIT_OID_SIZE], struct error *err) MUST_USE;

#endif
