/* SPDX-License-Identifier: MIT */
/* What the modules behind git/worktree.h share. */
#ifndef GIT_WORKTREE_PARTS_H
#define GIT_WORKTREE_PARTS_H

#include "git/repo.h"

/* In the common git directory; held around git's changes to its registry. */

/*
 * The directory that registers the work tree at path with repo, NULL when
 * there is none; owned by the caller. The tree itself, which an agent may have
 * changed, is not believed.
 */
char *worktree_admin_dir(const struct repo *repo, const char *path);

#endif
