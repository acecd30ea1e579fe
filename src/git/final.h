/* SPDX-License-Identifier: MIT */
/* The merge into the user's branch, once, with consent. Waits for git. */
#ifndef GIT_FINAL_H
#define GIT_FINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/repo.h"

struct final_counts {
	size_t commits; /* of source that target lacks */
	size_t files; /* that differ */
};

/* What a merge of source into target (branch names) would bring. */
bool final_count(const struct repo *repo, const char *source,
    const char *target, struct final_counts *counts,
    struct error *err) MUST_USE;
/* Whether target already contains source. */
bool final_is_merged(const struct repo *repo, const char *source,
    const char *target, bool *merged, struct error *err) MUST_USE;

/*
 * Brings branch, and the files where it is checked out, to the commit at ref (a
 * full name), if it has not got it yet. Only forward: an error else. A ref that
 * is missing asks for nothing.
 */
bool final_follow(const struct repo *repo, const char *branch, const char *ref,
    struct error *err) MUST_USE;

/*
 * Merges into the branches of a repository come one after the other, whoever
 * makes them: two gits at work in one tree leave files of the one that fails.
 * Returns a descriptor to close afterwards, or -1: ERROR_STATE when somebody
 * else merges until deadline (clock_now(); 0: do not wait).
 */
int final_lock(
    const struct repo *repo, int64_t deadline, struct error *err) MUST_USE;

/*
 * Merges source into target, always by a commit; final_lock() is held. Where
 * target is checked out, git does it there, with the user's hooks and identity,
 * and takes it back when it cannot; elsewhere the objects alone are merged.
 * conflict tells that a failure is a conflict. The error says what stands in
 * the way: files in conflict, uncommitted or untracked ones, a lock, a hook.
 */
bool final_merge(const struct repo *repo, const char *source,
    const char *target, const char *message, bool *conflict,
    struct error *err) MUST_USE;

#endif
