/* SPDX-License-Identifier: MIT */
/* What repositories inside of a work tree have is kept. */
#ifndef GIT_NESTED_KEEP_H
#define GIT_NESTED_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/nested.h"
#include "git/salvage.h"

/* One of more than this (with its files) is not copied: its tree stays. */
#define NESTED_LIMIT ((uint64_t)1024 * 1024 * 1024)

/*
 * Keeps what one of them has and nobody else: commits that no remote of it is
 * known to have, those in reflogs included, and files that differ from its
 * HEAD (what it ignores left out), as one commit under a ref of the owner,
 * whose parents are the newest of those commits. Commits of a submodule go to
 * its repository beside that of the main work tree, where "git submodule
 * update" finds them, if that is there. Nothing is changed in the tree, and no
 * program of the nested repository's configuration is run.
 *
 * False with err: it has to stay where it is.
 */
struct nested_kept {
	struct salvage_ref ref; /* name NULL: there was nothing of its own */
	char *beside; /* the submodule's repository that has it, or NULL */
	char commit[GIT_OID_SIZE]; /* there, or one of several */
};
bool nested_keep(const char *tree, const struct salvage_owner *owner,
    const struct nested_list *all, const struct nested *nested,
    struct nested_kept *kept, struct error *err) MUST_USE;
void nested_kept_release(struct nested_kept *kept);

#endif
