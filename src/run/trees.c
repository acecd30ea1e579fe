/* SPDX-License-Identifier: MIT */
/* The work trees of agents. */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "git/worktree.h"
#include "proc/child.h"
#include "run/trees.h"

struct trees {
	struct supervisor *sup;
	struct strv idle; /* paths of trees that wait for the next agent */
	struct strv littered; /* likewise, with files to be swept away */
	size_t removals; /* going on */
};

struct trees_request {
	struct trees *trees;
	enum trees_state state;
	trees_fn *fn;
	void *arg;
};

struct trees_removal {
	struct trees *trees;
	char *path;
};

struct trees *
trees_new(struct supervisor *sup)
{
	struct trees *trees = mem_zalloc(sizeof(*trees));
	trees->sup = sup;
	return trees;
}

static void
answer(struct trees_request *request, const struct error *err)
{
	request->fn(request->state, err, request->arg);
	free(request);
}

static void
tree_added(const struct error *err, void *arg)
{
	answer(arg, err);
}

static void
tree_renamed(void *arg)
{
	answer(arg, NULL);
}

/*
 * Gives the last tree of a list another name. What holds it may be odd: then
 * it goes, and a new one takes its place.
 */
static bool
take_from(struct trees *trees, struct strv *list, const char *path)
{
	autoerror struct error err = { 0 };
	if (list->n == 0)
		return false;
	autofree char *from = mem_text(list->items[list->n - 1]);
	strv_remove(list, list->n - 1);
	if (worktree_rename(&trees->sup->repo, from, path, &err))
		return true;
	log_debug("%s", error_text(&err));
	trees_give_back(trees, from, TREES_UNUSABLE);
	return false;
}

void
trees_get(struct trees *trees, const char *path, const char *base, trees_fn *fn,
    void *arg)
{
	struct trees_request *request = mem_zalloc(sizeof(*request));
	request->trees = trees;
	request->fn = fn;
	request->arg = arg;
	if (take_from(trees, &trees->idle, path))
		request->state = TREES_CLEAN;
	else if (take_from(trees, &trees->littered, path))
		request->state = TREES_LITTERED;
	if (request->state == TREES_NEW)
		worktree_add(trees->sup->loop, &trees->sup->repo, path, base,
		    tree_added, request);
	else
		loop_defer(trees->sup->loop, tree_renamed, request);
}

/* The folder is gone, or as far as rm came: the rest is done in process. */
static void
folder_removed(const struct child_end *end, void *arg)
{
	struct trees_removal *removal = arg;
	struct trees *trees = removal->trees;
	autoerror struct error err = { 0 };
	(void)end;
	if (!worktree_remove(&trees->sup->repo, removal->path, &err))
		log_warn("%s", error_text(&err));
	trees->removals--;
	free(removal->path);
	free(removal);
}

static void
start_removal(struct trees *trees, const char *path)
{
	autoerror struct error err = { 0 };
	struct trees_removal *removal = mem_zalloc(sizeof(*removal));
	autostrv struct strv rm = { 0 };
	removal->trees = trees;
	removal->path = mem_text(path);
	strv_add(&rm, "rm");
	strv_add(&rm, "-rf");
	strv_add(&rm, "--");
	strv_add(&rm, path);
	struct child_spec spec = { .argv = strv_array(&rm),
		.dir = "/",
		.own_group = true,
		.on_done = folder_removed,
		.arg = removal };
	trees->removals++;
	if (child_start(trees->sup->loop, &spec, &err) == NULL) {
		struct child_end none = { 0 };
		folder_removed(&none, removal);
	}
}

void
trees_give_back(struct trees *trees, const char *path, enum trees_state state)
{
	switch (state) {
	case TREES_NEW:
	case TREES_CLEAN:
		strv_add(&trees->idle, path);
		break;
	case TREES_LITTERED:
		strv_add(&trees->littered, path);
		break;
	case TREES_UNUSABLE:
		start_removal(trees, path);
		break;
	}
}

bool
trees_are_busy(const struct trees *trees)
{
	return trees->removals > 0;
}

static void
remove_all(struct trees *trees, struct strv *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		start_removal(trees, paths->items[i]);
	strv_clear(paths);
}

void
trees_drain(struct trees *trees)
{
	remove_all(trees, &trees->idle);
	remove_all(trees, &trees->littered);
}

void
trees_free(struct trees *trees)
{
	if (trees == NULL)
		return;
	strv_release(&trees->idle);
	strv_release(&trees->littered);
	free(trees);
}
