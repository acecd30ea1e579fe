/* SPDX-License-Identifier: MIT */
/*
 * Which folder's name a repository has under PRODIGY_HOME. The first one that
 * uses a name claims it in state/{name}/repository.json: the last component of
 * its path, with 8 (16, 32) hex digits of the path's SHA-256 when others have
 * that name.
 *
 * A repository is known by its path, and when it has been moved by an id that
 * lies in its git directory (file prodigy-id). A copy has the id, too, while
 * the original still does: it gets one of its own.
 */
#ifndef STATE_CLAIM_H
#define STATE_CLAIM_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

struct claim {
	const char *home; /* canonical */
	const char *root; /* the repository's canonical path */
	const char *git_dir; /* its git directory; NULL: there is no id */
	char *name; /* what is found; the caller's, as what follows */
	char *former; /* its path when it was used last; NULL: this one */
};

/* Finds the name, or claims one. Waits a while for others who do. */
bool claim_take(struct claim *claim, struct error *err) MUST_USE;
/*
 * Finds the name, or one that is free. Writes nothing but where a repository
 * that is known has moved to, if that can be written.
 */
bool claim_look(struct claim *claim, struct error *err) MUST_USE;

/* The path of the repository that has a name; NULL: not known. */
char *claim_owner(const char *home, const char *name) MUST_USE;

#endif
