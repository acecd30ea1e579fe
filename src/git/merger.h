/* SPDX-License-Identifier: MIT */
/*
 * The tree that a merge of two commits gives, inside git only: git/merge.h
 * makes a commit of it.
 *
 * Git 2.39 and later: a merge-tree that stays. Git 2.38, or when that does not
 * answer: one merge-tree per merge. Before: a work tree of our own, made once.
 */
#ifndef GIT_MERGER_H
#define GIT_MERGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/git.h"
#include "proc/loop.h"

struct merger;

struct merged {
	bool conflict;
	char tree[GIT_OID_SIZE]; /* with markers in it, after a conflict */
	struct strv paths; /* in conflict */
	struct str messages; /* what git said about them; valid UTF-8 */
};

/* merged is NULL on failure (err says why); borrowed. */
typedef void merger_fn(
    const struct merged *merged, const struct error *err, void *arg);

/* dir and scratch as for objects_open(). */
struct merger *merger_new(
    struct loop *loop, const char *dir, const char *scratch) MUST_USE;
void merger_free(struct merger *merger); /* NULL is ignored */
/*
 * Merges the commit tip into old and calls fn once, perhaps before this
 * returns. One at a time.
 */
void merger_start(struct merger *merger, const char *old, const char *tip,
    merger_fn *fn, void *arg);

#endif
