/* SPDX-License-Identifier: MIT */
/*
 * What the refs below refs/prodigy/salvage keep, told from git alone. A ref is
 *
 *	refs/prodigy/salvage/RUN/ITEM/N		or, of older ones, without /N
 *
 * and points at a commit: one that prodigy made says what it is in trailers
 * (Prodigy-Salvage, Prodigy-Attempt, Prodigy-Path), any other is an agent's
 * own. This waits for git.
 */
#ifndef GIT_SALVAGED_H
#define GIT_SALVAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/git.h"
#include "git/repo.h"

#define SALVAGED_REFS "refs/prodigy/salvage"
#define SALVAGED_COMMIT "commit" /* the kind of an agent's own commit */

struct salvaged {
	char *ref; /* full name */
	char *run;
	char *item;
	unsigned long number; /* N; 1 for a ref without it */
	char oid[GIT_OID_SIZE];
	/*
	 * What the trailer says, SALVAGED_COMMIT, "missing", or the type of an
	 * object that is no commit.
	 */
	char *kind;
	char *base; /* the commit's first parent; NULL: it has none */
	char *subject; /* raw bytes; NULL: not known */
	char *attempt; /* as the trailer has it, or NULL */
	char *path; /* where in the work tree it belongs; NULL: at its top */
	int64_t when; /* seconds since the epoch; -1: not known */
	long files; /* that differ from base; -1: not known */
};

struct salvaged_list {
	struct salvaged *items; /* by run, item and number */
	size_t n;
	size_t cap;
};

/* Of all runs and homes. What cannot be read of one leaves the others known. */
bool salvaged_list(const struct repo *repo, struct salvaged_list *list,
    struct error *err) MUST_USE;
void salvaged_list_release(struct salvaged_list *list);
/* A ref and its object; what it is comes from salvaged_read(). */
bool salvaged_name(struct salvaged *item, const char *ref, const char *oid);
/* Fills in the members behind oid from the text of the commit. */
void salvaged_read(struct salvaged *item, const char *commit, size_t len);
void salvaged_release(struct salvaged *item);

/*
 * What a piece of work stands on: the commit itself gives it if prodigy made
 * it; an agent's own commits begin where they left the merged state of their
 * run, or else the user's HEAD. Empty: on nothing.
 */
bool salvaged_base(const struct repo *repo, const struct salvaged *item,
    struct str *base, struct error *err) MUST_USE;
/* The paths that differ from what it stands on, as they lie in its tree. */
bool salvaged_paths(const struct repo *repo, const struct salvaged *item,
    struct strv *paths, struct error *err) MUST_USE;
/* Writes the difference as a patch, as git-diff does, into a file. */
bool salvaged_diff(const struct repo *repo, const struct salvaged *item,
    const char *file, struct error *err) MUST_USE;
/* Deletes the ref if it still has the value that was seen. */
bool salvaged_drop(const struct repo *repo, const struct salvaged *item,
    struct error *err) MUST_USE;

#endif
