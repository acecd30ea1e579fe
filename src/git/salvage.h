/* SPDX-License-Identifier: MIT */
/*
 * Work that an agent left where nothing would keep it, and the refs that do:
 *
 *	refs/prodigy/salvage/RUN/ITEM/N		N = 1, 2, ...
 *
 * ITEM is the item's id, or the name of the phase whose steps left it. Each
 * points at a commit. One that was made for this has trailers, which tell
 * without any record what it is: Prodigy-Salvage (the kind), Prodigy-Item,
 * Prodigy-Attempt and, where one applies, Prodigy-Path. One without was made by
 * the agent itself.
 */
#ifndef GIT_SALVAGE_H
#define GIT_SALVAGE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"
#include "git/nested.h"

/* A ref that keeps something. */
struct salvage_ref {
	char *name; /* full; owned */
	char commit[GIT_OID_SIZE];
};
void salvage_ref_release(struct salvage_ref *ref);

/* For whom something is kept. */
struct salvage_owner {
	const char *dir; /* of the work tree, or of its repository */
	const char *refs; /* refs/prodigy/salvage/RUN/ITEM */
	const char *item; /* the last component of refs */
	unsigned attempt;
	const struct nested_list *apart; /* kept on their own; may be NULL */
};

/*
 * Points the next ref of the owner that is free at a commit, for good: it is
 * durable, and no ref that is there changes.
 */
bool salvage_put(const struct salvage_owner *owner, const char *commit,
    struct salvage_ref *ref, struct error *err) MUST_USE;
/*
 * Keeps an entry of "git stash" by a commit of kind "stash" that has its files
 * and, as parents, what it was made from and the entry itself.
 */
bool salvage_stash(const struct salvage_owner *owner, const char *stash,
    struct salvage_ref *ref, struct error *err) MUST_USE;
/*
 * Keeps everything uncommitted in the work tree at owner->dir, whatever flags
 * of the index hide it (ignored files are left out, and what the owner keeps
 * apart), as commits on top of parent, or of nothing if that is NULL: of kind
 * "uncommitted" the files as they lie there, of kind "index" what is staged,
 * each unless it is what parent has, or the other. The tree and its index stay
 * as they are. When some files cannot be read, the others are kept (their ref
 * has a name) and the result is false nevertheless.
 */
struct salvage_files {
	struct salvage_ref files; /* name NULL: there was no need */
	struct salvage_ref staged;
};
bool salvage_files(const struct salvage_owner *owner, const char *parent,
    struct salvage_files *kept, struct error *err) MUST_USE;

#endif
