/* SPDX-License-Identifier: MIT */
/* Whether a conflict was really resolved. */
#ifndef GIT_MERGE_VERIFY_H
#define GIT_MERGE_VERIFY_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"

/*
 * What somebody left who was asked to resolve a conflict in a scratch work
 * tree: true when HEAD descends from both old and tip, no operation is open,
 * nothing is unmerged or uncommitted, and no conflict marker was added to what
 * either side had. Waits for git. tree gets HEAD's tree.
 */
bool merge_verify(const char *worktree, const char *old, const char *tip,
    char tree[GIT_OID_SIZE], struct error *err) MUST_USE;

#endif
