/* SPDX-License-Identifier: MIT */
/*
 * A new branch in a work tree whose files and index are those of the branch's
 * first commit already: two small files and a line in a log, which cost a tenth
 * of a millisecond, where `git checkout -B` starts a program that walks over
 * the whole tree.
 */
#ifndef GIT_SWITCH_H
#define GIT_SWITCH_H

#include <stdbool.h>

#include "base/defs.h"

/*
 * Makes the branch (short name) at base, and HEAD of the linked work tree at
 * path, which stood at from, name it (both are object ids), as git does it:
 * each under its lock, and the branch must not exist. HEAD's log begins anew
 * with this one line: what was in it before is of those who had the tree
 * before, and would grow with each of them. What a merge left for its commit
 * (MERGE_MSG and so on) goes.
 *
 * Nothing is synced. False means that git has to do it (worktree_use.h), since
 * the tree, its refs or their format are unusual; the branch may have been
 * made then.
 */
bool switch_to_branch(const char *path, const char *branch, const char *from,
    const char *base) MUST_USE;

#endif
