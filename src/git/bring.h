/* SPDX-License-Identifier: MIT */
/*
 * Changes of a commit brought into a work tree of the user as uncommitted
 * ones: a merge of three sides whose own side is the files as they lie there.
 * All of it or nothing: the index, and files that the change does not name,
 * stay as they are. This waits for git.
 */
#ifndef GIT_BRING_H
#define GIT_BRING_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

struct bring {
	const char *dir; /* the top of the work tree */
	const char *base; /* what commit stands on; NULL: nothing */
	const char *commit;
	const char *below; /* the folder its files belong in; NULL: the top */
};

/*
 * changed gets the paths that were changed, none when all of it is there
 * already. An error names what is in the way; nothing was touched then.
 */
bool bring_changes(
    const struct bring *what, struct strv *changed, struct error *err) MUST_USE;

/* The top of the work tree that dir lies in; NULL: in none. */
char *bring_top(const char *dir, struct error *err) MUST_USE;

#endif
