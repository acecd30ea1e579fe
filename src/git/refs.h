/* SPDX-License-Identifier: MIT */
/*
 * The refs of jobs, looked at while nothing else works on them. This waits.
 *
 *	refs/prodigy/RUN/map		the merged state of a job
 *	refs/prodigy/RUN/user		the user's commits before the run
 *	refs/prodigy/RUN/i/KEY/ATTEMPT	an item's tip until it is merged
 *	refs/prodigy/salvage/RUN/ITEM/N	work that was kept: git/salvage.h
 *
 * RUN is the id of the job and eight random digits: runs of several homes may
 * work in one repository.
 */
#ifndef GIT_REFS_H
#define GIT_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"
#include "git/repo.h"

struct ref_entry {
	char *name; /* full */
	char oid[GIT_OID_SIZE];
};
struct ref_list {
	struct ref_entry *items; /* sorted by name */
	size_t n;
	size_t cap;
};
/* All refs below prefix ("refs/prodigy/RUN", whole components). */
bool refs_list(const struct repo *repo, const char *prefix,
    struct ref_list *list, struct error *err) MUST_USE;
void refs_list_release(struct ref_list *list);

#endif
