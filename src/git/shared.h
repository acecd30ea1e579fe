/* SPDX-License-Identifier: MIT */
/*
 * What linked work trees share with the user: configuration, hooks, excludes,
 * refs, the stash, other work trees; and the HEAD and index of the main tree.
 * Read from files alone, in the time that so many calls of lstat() take, and
 * compared. What is prodigy's own (branches and refs of runs, its work trees)
 * is left out.
 *
 * Refs that are not in files (reftable) are not seen.
 */
#ifndef GIT_SHARED_H
#define GIT_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/repo.h"

/* One thing, by a name for people, and its value: an id, or a checksum. */
struct shared_fact {
	char *name; /* "config", "refs/tags/v1", "hooks/pre-commit" */
	char *value;
};

struct shared {
	/* Of the stat data of all files; 0: it cannot be relied upon. */
	uint64_t stamp;
	struct shared_fact *facts; /* sorted by name */
	size_t n;
	size_t cap;
	struct str stash; /* the log of the stash, as it is on disk */
};

/* How it is now. What cannot be read has a value that says so. */
void shared_read(const struct repo *repo, struct shared *now);
/* Whether nothing was touched since; the files themselves are not read. */
bool shared_is_same(const struct repo *repo, const struct shared *before);
void shared_release(struct shared *shared);

/* --- comparing -------------------------------------------------------- */

/* For tests and readers: takes copies; the facts must be sorted afterwards. */
void shared_add(struct shared *shared, const char *name, const char *value);
void shared_sort(struct shared *shared);

struct shared_change {
	const char *name; /* borrowed from either side, as are the values */
	const char *before; /* NULL: it was not there */
	const char *after; /* NULL: it is gone */
};
typedef void shared_change_fn(const struct shared_change *change, void *arg);
void shared_compare(const struct shared *before, const struct shared *after,
    shared_change_fn *fn, void *arg);
/* A line about a change: "hook x changed", "tag v1 removed, was ID". */
void shared_describe(const struct shared_change *change, struct str *line);

#endif
