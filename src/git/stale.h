/* SPDX-License-Identifier: MIT */
/*
 * Lock files that a killed git left in what is ours: without this every later
 * git there fails. The user's trees and refs are never touched, stale or not.
 * Callers know that no git is at work there any more.
 */
#ifndef GIT_STALE_H
#define GIT_STALE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/repo.h"

/*
 * Removes the locks of a linked work tree and of the branch of ours
 * ("prodigy-...") that is checked out in it. Nothing happens to a tree that is
 * not linked, or whose .git leads to another one: whatever an agent did to it,
 * no other tree is unlocked. What cannot be removed stays: the git that it
 * stops tells.
 */
void stale_clear_tree(const char *path);

/* Removes the locks beside refs below prefix, which begins "refs/prodigy/". */
bool stale_clear_refs(
    const struct repo *repo, const char *prefix, struct error *err) MUST_USE;

#endif
