/* SPDX-License-Identifier: MIT */
/* Work trees that stay when their item is over. */
#include "config.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "git/worktree_touch.h"
#include "proc/working.h"
#include "run/failed_trees.h"

struct kept_tree {
	TAILQ_ENTRY(kept_tree) link;
	char *path;
	json_t *entry; /* of the registry */
	int64_t since; /* clock_wall() */
	bool may_go;
	char *empty_branch;
	char *tip;
};

struct failed_trees {
	struct supervisor *sup;
	struct trees *trees;
	struct objects *objects;
	TAILQ_HEAD(, kept_tree) kept; /* the oldest first */
	size_t n_may_go;
	size_t limit; /* of those that may go */
};

struct failed_trees *
failed_trees_new(
    struct supervisor *sup, struct trees *trees, struct objects *objects)
{
	const struct workspace_block *workspace = &sup->workflow.workspace;
	struct failed_trees *failed = mem_zalloc(sizeof(*failed));
	failed->sup = sup;
	failed->trees = trees;
	failed->objects = objects;
	failed->limit = workspace->has_keep_failed ? workspace->keep_failed
						   : WORKFLOW_KEEP_FAILED;
	TAILQ_INIT(&failed->kept);
	return failed;
}

static void
forget(struct failed_trees *failed, struct kept_tree *kept)
{
	TAILQ_REMOVE(&failed->kept, kept, link);
	free(kept->path);
	json_decref(kept->entry);
	free(kept->empty_branch);
	free(kept->tip);
	free(kept);
}

void
failed_trees_free(struct failed_trees *failed)
{
	struct kept_tree *kept;
	if (failed == NULL)
		return;
	while ((kept = TAILQ_FIRST(&failed->kept)) != NULL)
		forget(failed, kept);
	free(failed);
}

bool
failed_trees_are_kept(const struct failed_trees *failed)
{
	return failed->limit > 0;
}

static void
branch_dropped(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		log_debug("%s", error_text(err));
}

static void
remove_tree(struct failed_trees *failed, const struct kept_tree *kept)
{
	const struct ref_change change = { .ref = kept->empty_branch,
		.old = kept->tip };
	log_info("work tree %s: removed, as newer ones of failed items stay",
	    kept->path);
	trees_give_back(failed->trees, kept->path, TREES_UNUSABLE, NULL);
	if (kept->empty_branch != NULL)
		objects_update_refs(
		    failed->objects, &change, 1, branch_dropped, NULL);
}

/* What somebody makes of a tree is nowhere else. */
static bool
is_as_it_was(const struct kept_tree *kept)
{
	autostr struct str who = { 0 };
	if (working_in(kept->path, &who))
		log_warn("work tree %s stays: %s works in it", kept->path,
		    str_text(&who));
	else if (!worktree_is_untouched(kept->path, kept->since))
		log_warn("work tree %s stays: it was changed since its item "
			 "failed",
		    kept->path);
	else
		return true;
	return false;
}

static void
remove_oldest(struct failed_trees *failed)
{
	struct kept_tree *kept;
	struct kept_tree *next;
	for (kept = TAILQ_FIRST(&failed->kept);
	     kept != NULL && failed->n_may_go > failed->limit; kept = next) {
		next = TAILQ_NEXT(kept, link);
		if (!kept->may_go)
			continue;
		failed->n_may_go--;
		kept->may_go = false;
		if (!is_as_it_was(kept))
			continue;
		remove_tree(failed, kept);
		forget(failed, kept);
	}
}

static json_t *
describe(const struct failed_tree *tree)
{
	char now[CLOCK_RFC3339_SIZE];
	json_t *entry = json_object();
	json_set_text(entry, "path", tree->path);
	json_set_text(entry, "agent_id", tree->agent);
	json_set_text(entry, "item_id", tree->item);
	json_set_text(entry, "failed_at", clock_rfc3339(clock_wall(), now));
	json_set_text(entry, "error", tree->why);
	return entry;
}

void
failed_trees_add(struct failed_trees *failed, const struct failed_tree *tree)
{
	struct kept_tree *kept = mem_zalloc(sizeof(*kept));
	kept->path = mem_text(tree->path);
	kept->entry = describe(tree);
	kept->since = clock_wall();
	kept->may_go = tree->may_go;
	kept->empty_branch = mem_text(tree->empty_branch);
	kept->tip = mem_text(tree->tip);
	TAILQ_INSERT_TAIL(&failed->kept, kept, link);
	if (kept->may_go)
		failed->n_may_go++;
	trees_let_go(failed->trees, tree->path, tree->item);
	remove_oldest(failed);
}

json_t *
failed_trees_registry(const struct failed_trees *failed)
{
	const struct kept_tree *kept;
	json_t *entries = json_array();
	TAILQ_FOREACH(kept, &failed->kept, link)
		json_array_append(entries, kept->entry);
	return entries;
}
