/* SPDX-License-Identifier: MIT */
/*
 * Work trees that stay when their item is over, mostly those of failed items:
 * for the user, up to a number (workspace.keep_failed). When more fail the
 * oldest goes. Trees with work that is nowhere else do not count, and stay.
 */
#ifndef RUN_FAILED_TREES_H
#define RUN_FAILED_TREES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "run/supervisor.h"
#include "run/trees.h"

struct failed_trees;

struct failed_tree {
	const char *path;
	const char *agent; /* id of the agent */
	const char *item; /* id of the item */
	const char *why; /* it stays */
	bool may_go; /* all that is in it now is elsewhere, too */
	/* Goes with the tree: a branch without commits of its own, or NULL. */
	const char *empty_branch; /* full name of the ref */
	const char *tip; /* of that branch */
};

struct failed_trees *failed_trees_new(struct supervisor *sup,
    struct trees *trees, struct objects *objects) MUST_USE;
void failed_trees_free(struct failed_trees *failed);
/* Whether trees of failed items stay at all. */
bool failed_trees_are_kept(const struct failed_trees *failed);
/*
 * One more stays. When there are too many the removal of the oldest is started;
 * one in which anything has changed since, or in which somebody works, is not
 * removed, now or later, and that is said.
 */
void failed_trees_add(
    struct failed_trees *failed, const struct failed_tree *tree);
/* Those that stay: the registry of docs/FORMATS.md, a new reference. */
json_t *failed_trees_registry(const struct failed_trees *failed) MUST_USE;

#endif
