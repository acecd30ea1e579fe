/* SPDX-License-Identifier: MIT */
/* The merge into the user's branch, once, with consent. Waits for git. */
#ifndef GIT_FINAL_H
#define GIT_FINAL_H

#include <stdbool.h>
#include <stddef.h>

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
 * Merges source into target, always by a commit. Where target is checked out,
 * git does it there, with the user's hooks and identity, and takes it back
 * when it cannot; elsewhere the objects alone are merged. conflict tells that
 * a failure is a conflict.
 */
bool final_merge(const struct repo *repo, const char *source,
    const char *target, const char *message, bool *conflict,
    struct error *err) MUST_USE;

#endif
