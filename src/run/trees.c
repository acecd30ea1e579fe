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
	char *path; /* where the tree was, for people */
	char *trash; /* where its files are */
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

/* --- going ------------------------------------------------------------ */

static void
end_removal(struct trees_removal *removal, const struct error *err)
{
	if (err->kind != ERROR_NONE)
		log_warn("what is left of work tree %s cannot be removed: %s",
		    removal->path, error_text(err));
	removal->trees->removals--;
	free(removal->path);
	free(removal->trash);
	free(removal);
}

/* The files are gone, or as far as rm came: the rest is done in process. */
static void
files_removed(const struct child_end *end, void *arg)
{
	struct trees_removal *removal = arg;
	autoerror struct error err = { 0 };
	(void)end;
	if (!worktree_discard(removal->trash, &err))
		log_debug("%s", removal->trash);
	end_removal(removal, &err);
}

static void
start_removal(struct trees *trees, const char *path)
{
	autoerror struct error err = { 0 };
	struct trees_removal *removal = mem_zalloc(sizeof(*removal));
	autostrv struct strv rm = { 0 };
	removal->trees = trees;
	removal->path = mem_text(path);
	trees->removals++;
	if (!worktree_retire(&trees->sup->repo, path, &removal->trash, &err) ||
	    removal->trash == NULL) {
		end_removal(removal, &err);
		return;
	}
	strv_add(&rm, "rm");
	strv_add(&rm, "-rf");
	strv_add(&rm, "--");
	strv_add(&rm, removal->trash);
	struct child_spec spec = { .argv = strv_array(&rm),
		.dir = "/",
		.own_group = true,
		.on_done = files_removed,
		.arg = removal };
	if (child_start(trees->sup->loop, &spec, &err) == NULL) {
		struct child_end none = { 0 };
		files_removed(&none, removal);
	}
}

/* --- coming ----------------------------------------------------------- */

/* Why a tree is locked, for whoever meets it. */
static char *
make_reason(const struct trees *trees, const char *user)
{
	return mem_format("prodigy %s %s", trees->sup->id, user);
}

/*
 * Gives the last tree of a list another name. What holds it may be odd, or
 * somebody else had it: then another one takes its place.
 */
static bool
take_from(struct trees *trees, struct strv *list, const char *path,
    const char *reason)
{
	autoerror struct error err = { 0 };
	if (list->n == 0)
		return false;
	autofree char *from = mem_text(list->items[list->n - 1]);
	strv_remove(list, list->n - 1);
	if (worktree_rename(&trees->sup->repo, from, path, reason, &err))
		return true;
	log_warn("work tree %s: another one is used", error_text(&err));
	start_removal(trees, from);
	return false;
}

void
trees_get(struct trees *trees, const char *path, const char *base,
    const char *user, trees_fn *fn, void *arg)
{
	autofree char *reason = make_reason(trees, user);
	struct trees_request *request = mem_zalloc(sizeof(*request));
	request->trees = trees;
	request->fn = fn;
	request->arg = arg;
	if (take_from(trees, &trees->idle, path, reason))
		request->state = TREES_CLEAN;
	else if (take_from(trees, &trees->littered, path, reason))
		request->state = TREES_LITTERED;
	if (request->state == TREES_NEW)
		worktree_add(trees->sup->loop, &trees->sup->repo, path, base,
		    reason, tree_added, request);
	else
		loop_defer(trees->sup->loop, tree_renamed, request);
}

void
trees_let_go(struct trees *trees, const char *path, const char *user)
{
	autoerror struct error err = { 0 };
	autofree char *reason =
	    mem_format("prodigy %s %s: kept", trees->sup->id, user);
	if (!worktree_let_go(&trees->sup->repo, path, reason, &err))
		log_debug("%s", error_text(&err));
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
