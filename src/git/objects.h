/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing of objects and refs through git processes that stay.
 * Everything is asynchronous on one loop; callbacks come from the loop, in the
 * order of the requests of one kind.
 */
#ifndef GIT_OBJECTS_H
#define GIT_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/git.h"
#include "proc/loop.h"

#define OBJECTS_WALK_LIMIT 1000

struct objects;

/*
 * dir: a work tree of the repository (its attributes count in merges);
 * scratch: a directory for short-lived files of ours, below which git before
 * 2.38 gets a work tree for merges, too.
 */
struct objects *objects_open(
    struct loop *loop, const char *dir, const char *scratch) MUST_USE;
/* Requests that wait are forgotten. Not from within a callback. */
void objects_close(struct objects *objects);

struct commit {
	char tree[GIT_OID_SIZE];
	struct strv parents;
};

/* commit is NULL on failure (err says why); borrowed. */
typedef void objects_commit_fn(
    const struct commit *commit, const struct error *err, void *arg);
void objects_read_commit(
    struct objects *objects, const char *oid, objects_commit_fn *fn, void *arg);

/*
 * The commits of base..tip, oldest first, the newest OBJECTS_WALK_LIMIT at
 * most; none when tip is base. descends: base is an ancestor of tip; if it is
 * not, history was rewritten and oids is empty. On failure oids is NULL and
 * err says why; else err is NULL.
 */
typedef void objects_walk_fn(
    const struct strv *oids, bool descends, const struct error *err, void *arg);
void objects_walk(struct objects *objects, const char *base, const char *tip,
    objects_walk_fn *fn, void *arg);

/* Writes a commit object of the given text; oid is NULL on failure. */
typedef void objects_oid_fn(
    const char *oid, const struct error *err, void *arg);
void objects_write_commit(struct objects *objects, const char *text, size_t len,
    objects_oid_fn *fn, void *arg);

/* Paths that differ between the trees of two commits, in git's order. */
typedef void objects_paths_fn(
    const struct strv *paths, const struct error *err, void *arg);
void objects_changes(struct objects *objects, const char *from, const char *to,
    objects_paths_fn *fn, void *arg);

/*
 * One change of a ref. old: its value must be this (all zeros: must not
 * exist; NULL: any). new NULL: the ref is deleted; one that is not there is
 * no failure unless old is given.
 */
struct ref_change {
	const char *ref;
	const char *new;
	const char *old;
};
/*
 * All or none; err is NULL when done. ERROR_STATE: a ref did not have its old
 * value, nothing was changed.
 */
typedef void objects_done_fn(const struct error *err, void *arg);
void objects_update_refs(struct objects *objects,
    const struct ref_change *changes, size_t n, objects_done_fn *fn, void *arg);

/*
 * Makes durable what tip reaches and those of known (commits, NULL-terminated,
 * durable already) do not, commits in between included, and the refs (full
 * names, NULL-terminated). That is for work that was written with
 * GIT_HARDENED_LATER, and comes before anything is recorded that needs it.
 * Requests that wait at the same time share the sync (git/harden.h). A failure
 * to write is ERROR_STORAGE: the disk may have lost what cannot be seen to be
 * lost, and nothing must be recorded any more.
 */
struct objects_hardening {
	const char *tip;
	const char *const *known;
	const char *const *refs;
};
void objects_harden(struct objects *objects,
    const struct objects_hardening *what, objects_done_fn *fn, void *arg);

#endif
