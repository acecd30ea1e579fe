/* SPDX-License-Identifier: MIT */
/*
 * Commits that an agent made and that its result does not reach: on a detached
 * HEAD, on another branch, in a merge that was left open.
 */
#ifndef GIT_STRAYS_H
#define GIT_STRAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"
#include "git/head_log.h"

struct stray {
	char oid[GIT_OID_SIZE];
	bool given_up; /* amended, reset or rebased away by the agent itself */
};

struct strays {
	struct stray *items;
	size_t n;
	size_t cap;
};
void strays_release(struct strays *strays);

struct strays_search {
	const char *dir; /* of the repository: git is run there */
	const char *git_dir; /* of the work tree; NULL: it is gone */
	const struct head_moves *moves;
	/* Where HEAD and the agent's branch are. NULL-terminated. */
	const char *const *tips;
	/* What is kept already, with all that it reaches. NULL-terminated. */
	const char *const *kept;
};

/*
 * The strays, but for those that another stray reaches. Commits that are gone
 * are passed over.
 */
bool strays_find(const struct strays_search *search, struct strays *strays,
    struct error *err) MUST_USE;
/*
 * Writes the objects that a stray and nothing of kept reaches into a pack, as
 * what agents write is not synced and a pack is.
 */
bool strays_pack(const char *dir, const char *common_dir,
    const struct strays *strays, const char *const *kept,
    struct error *err) MUST_USE;

/*
 * "merge", "rebase", "cherry-pick", "revert" or "am" when one was begun in the
 * work tree with this git directory and not ended; else NULL.
 */
const char *strays_open_operation(const char *git_dir);

#endif
