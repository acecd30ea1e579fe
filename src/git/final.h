/* SPDX-License-Identifier: MIT */
/*
 * The merge into the user's branch, once, with consent. It waits for git, for a
 * lock and for hooks; the caller's loop goes on turning meanwhile.
 */
#ifndef GIT_FINAL_H
#define GIT_FINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"
#include "git/repo.h"

/* Where, and how to wait; an end of the wait is ERROR_CANCELLED. */
struct final {
	const struct repo *repo;
	struct git_wait wait; /* loop NULL: nothing else is to be done */
};

struct final_counts {
	size_t commits; /* of source that target lacks */
	size_t files; /* that differ */
};

/* What a merge of source into target (branch names) would bring. */
bool final_count(const struct final *final, const char *source,
    const char *target, struct final_counts *counts,
    struct error *err) MUST_USE;
/* Whether target already contains source. */
bool final_is_merged(const struct final *final, const char *source,
    const char *target, bool *merged, struct error *err) MUST_USE;

/* Whether target (a branch) contains a commit. */
bool final_contains(const struct final *final, const char *commit,
    const char *target, bool *contains, struct error *err) MUST_USE;

/*
 * Merges into the branches of a repository come one after the other, whoever
 * makes them: two gits at work in one tree leave files of the one that fails.
 * Returns a descriptor to close afterwards, or -1: ERROR_STATE when somebody
 * else merges until deadline (clock_now(); 0: do not wait).
 */
int final_lock(
    const struct repo *repo, int64_t deadline, struct error *err) MUST_USE;

/*
 * The lock is known to those whom its holder starts and waits for: they would
 * wait for themselves. final_name() gives what stands for the repository in the
 * variable FINAL_HELD of their environment, a list with blanks between.
 */
#define FINAL_HELD "PRODIGY_MERGING"
char *final_name(const struct repo *repo) MUST_USE;
/* Whether somebody above this process holds the lock. */
bool final_is_held_above(const struct repo *repo);

/*
 * Merges source into target, always by a commit; final_lock() is held, and
 * there is a loop. Where target is checked out, git does it there, with the
 * user's hooks and identity, once it is sure that nothing is written over;
 * elsewhere the objects alone are merged. conflict tells that a failure is a
 * conflict. The error says what stands in the way: files in conflict,
 * uncommitted, untracked or ignored ones, a lock, an operation, a hook. The
 * user's files are then as they were.
 *
 * An end of the wait counts where it harms nobody: not while git writes files.
 */
bool final_merge(const struct final *final, const char *source,
    const char *target, const char *message, bool *conflict,
    struct error *err) MUST_USE;

#endif
