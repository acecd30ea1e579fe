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
	size_t removals; /* going on */
};

struct request {
	struct trees *trees;
	bool reused;
	trees_fn *fn;
	void *arg;
};

struct removal {
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
answer(struct request *request, const struct error *err)
{
	request->fn(request->reused, err, request->arg);
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

/* What holds the last tree may be odd: then a new one takes its place. */
static bool
take_idle(struct trees *trees, const char *path)
{
	autoerror struct error err = { 0 };
	if (trees->idle.n == 0)
		return false;
	autofree char *from = mem_text(trees->idle.items[trees->idle.n - 1]);
	strv_remove(&trees->idle, trees->idle.n - 1);
	if (worktree_rename(&trees->sup->repo, from, path, &err))
		return true;
	log_debug("%s", error_text(&err));
	trees_give(trees, from, false);
	return false;
}

void
trees_get(struct trees *trees, const char *path, const char *base, trees_fn *fn,
    void *arg)
{
	struct request *request = mem_zalloc(sizeof(*request));
	request->trees = trees;
	request->fn = fn;
	request->arg = arg;
	request->reused = take_idle(trees, path);
	if (request->reused)
		loop_defer(trees->sup->loop, tree_renamed, request);
	else
		worktree_add(trees->sup->loop, &trees->sup->repo, path, base,
		    tree_added, request);
}

/* The folder is gone, or as far as rm came: the rest is done in process. */
static void
folder_removed(const struct child_end *end, void *arg)
{
	struct removal *removal = arg;
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
	struct removal *removal = mem_zalloc(sizeof(*removal));
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
trees_give(struct trees *trees, const char *path, bool reusable)
{
	if (reusable)
		strv_add(&trees->idle, path);
	else
		start_removal(trees, path);
}

bool
trees_are_busy(const struct trees *trees)
{
	return trees->removals > 0;
}

void
trees_drain(struct trees *trees)
{
	for (size_t i = 0; i < trees->idle.n; i++)
		start_removal(trees, trees->idle.items[i]);
	strv_clear(&trees->idle);
}

void
trees_free(struct trees *trees)
{
	if (trees == NULL)
		return;
	strv_release(&trees->idle);
	free(trees);
}
