/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing of objects and refs through git processes that stay.
 * Everything is asynchronous on one loop; callbacks come from the loop, in the
 * order of the requests of one kind; what was read a short while ago comes
 * earlier.
 *
 * Nothing that is written here is synced, nor is what agents write: see
 * objects_harden().
 */
#ifndef GIT_OBJECTS_H
#define GIT_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/git.h"
#include "proc/loop.h"

#define OBJECTS_WALK_LIMIT 1000

struct objects;
struct merger;

/*
 * dir: a work tree of the repository (its attributes count in merges);
 * scratch: a directory for short-lived files of ours, below which git before
 * 2.38 gets a work tree for merges, too.
 */
struct objects *objects_open(
    struct loop *loop, const char *dir, const char *scratch) MUST_USE;
/* Requests that wait are forgotten. Not from within a callback. */
void objects_close(struct objects *objects);
/* Borrowed, for git/merge. */
struct loop *objects_loop(const struct objects *objects);
struct merger *objects_merger(const struct objects *objects);

struct commit {
	char tree[GIT_OID_SIZE];
	struct strv parents;
};

/* commit is NULL on failure (err says why); borrowed. */
typedef void objects_commit_fn(
    const struct commit *commit, const struct error *err, void *arg);
void objects_read_commit(
    struct objects *objects, const char *oid, objects_commit_fn *fn, void *arg);

/* Writes a commit object of the given text; oid is NULL on failure. */
typedef void objects_oid_fn(
    const char *oid, const struct error *err, void *arg);
void objects_write_commit(struct objects *objects, const char *text, size_t len,
    objects_oid_fn *fn, void *arg);

/* Whether a commit is an ancestor of tip, or tip; err is NULL when known. */
typedef void objects_ancestor_fn(bool yes, const struct error *err, void *arg);
void objects_is_ancestor(struct objects *objects, const char *oid,
    const char *tip, objects_ancestor_fn *fn, void *arg);

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

/*
 * The files that differ between the trees of two commits, in git's order, and
 * how many lines of text came and went. NULL on failure.
 */
struct objects_changed {
	struct strv paths;
	/* Those of them that are links to another repository's commits now. */
	struct strv links;
	int64_t insertions;
	int64_t deletions;
};
typedef void objects_changed_fn(
    const struct objects_changed *changed, const struct error *err, void *arg);
void objects_changes(struct objects *objects, const char *from, const char *to,
    objects_changed_fn *fn, void *arg);

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
 * err is NULL when all are done. ERROR_STATE: a ref did not have its old value,
 * nothing was changed. After another error, see objects_harden().
 */
typedef void objects_done_fn(const struct error *err, void *arg);
void objects_update_refs(struct objects *objects,
    const struct ref_change *changes, size_t n, objects_done_fn *fn, void *arg);

/*
 * Makes work durable that was written with GIT_HARDENED_LATER, before anything
 * is recorded that needs it: the objects that tip reaches and those of known
 * (commits that are durable already) do not, commits in between included; then
 * changes refs as objects_update_refs() does; then makes durable the new values
 * and the refs that were set by somebody else. After a power cut a ref that is
 * changed here has its old value, or the new one and all that it reaches.
 *
 * The requests that wait at the same time share one sync (git/harden.h).
 * ERROR_STORAGE: a write failed, and what is on the disk cannot be known: the
 * refs may have changed, and nothing must be recorded any more. ERROR_STATE: no
 * ref has changed now, but an earlier try that nobody heard of may have changed
 * all. After any other error each ref may have its old or its new value: git
 * locks and checks all of them first, but changes one after the other.
 */
struct objects_hardening {
	const char *tip;
	const char *const *known; /* NULL-terminated */
	const char *const *refs; /* full names, NULL-terminated; or NULL */
	const struct ref_change *changes;
	size_t n_changes;
};
void objects_harden(struct objects *objects,
    const struct objects_hardening *what, objects_done_fn *fn, void *arg);

#endif
