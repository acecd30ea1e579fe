/* SPDX-License-Identifier: MIT */
/*
 * Entries of "git stash". All work trees of a repository share their list with
 * the user: what an agent put there is found by the branch that its message
 * names, and taken out again.
 */
#ifndef GIT_STASHES_H
#define GIT_STASHES_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/git.h"

/* The commit of the first entry: "" when there is none. Reads files. */
void stashes_top(const char *dir, char oid[GIT_OID_SIZE]);
/*
 * The commits of entries above the one that was the first (all of them if that
 * is not there any more) which were made on one of these branches (short
 * names), the newest first.
 */
bool stashes_find(const char *dir, const char *former_top,
    const struct strv *branches, struct strv *oids, struct error *err) MUST_USE;
/*
 * Removes the entry of this commit. Others stay as they are; should another
 * git change the list at the same moment, what was hit wrongly is put back.
 */
bool stashes_drop(const char *dir, const char *oid, struct error *err) MUST_USE;

#endif
