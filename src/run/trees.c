/* SPDX-License-Identifier: MIT */
/* The work trees of agents. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/mem.h"
#include "git/worktree.h"
#include "proc/child.h"
#include "run/trees.h"

/* A tree that waits for the next agent. */
struct trees_idle {
	TAILQ_ENTRY(trees_idle) link;
	char *path;
	char *commit; /* NULL: not sure */
	enum trees_state state;
};
TAILQ_HEAD(trees_list, trees_idle);

struct trees {
	struct supervisor *sup;
	struct trees_list idle; /* the one that came last first */
	size_t n_idle;
	size_t filling; /* new ones whose files are not there yet */
	size_t removals; /* going on */
};

struct trees_request {
	struct trees *trees;
	enum trees_state state;
	char *commit;
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
	TAILQ_INIT(&trees->idle);
	return trees;
}

static void
answer(struct trees_request *request, const struct error *err)
{
	request->fn(request->state, request->commit, err, request->arg);
	free(request->commit);
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

static void
idle_free(struct trees_idle *idle)
{
	free(idle->path);
	free(idle->commit);
	free(idle);
}

/* How little has to be done until a tree is base. */
static int
fitness(const struct trees_idle *idle, const char *base)
{
	if (idle->state == TREES_LITTERED)
		return 0;
	if (idle->commit == NULL)
		return 1;
	return strcmp(idle->commit, base) == 0 ? 3 : 2;
}

/* The tree that fits best, no longer among the idle ones; NULL: there is none.
 */
static struct trees_idle *
take_idle(struct trees *trees, const char *base)
{
	struct trees_idle *best = NULL;
	struct trees_idle *idle;
	TAILQ_FOREACH(idle, &trees->idle, link)
		if (best == NULL || fitness(idle, base) > fitness(best, base))
			best = idle;
	if (best != NULL) {
		TAILQ_REMOVE(&trees->idle, best, link);
		trees->n_idle--;
	}
	return best;
}

/*
 * Gives an idle tree another name. What holds it may be odd, or somebody else
 * had it: then another one takes its place.
 */
static bool
use_idle(struct trees_request *request, const char *path, const char *base,
    const char *reason)
{
	struct trees *trees = request->trees;
	struct trees_idle *idle;
	while ((idle = take_idle(trees, base)) != NULL) {
		autoerror struct error err = { 0 };
		bool renamed = worktree_rename(
		    &trees->sup->repo, idle->path, path, reason, &err);
		if (renamed) {
			request->state = idle->state;
			request->commit = idle->commit;
			idle->commit = NULL;
		} else {
			log_warn("work tree %s: another one is used",
			    error_text(&err));
			start_removal(trees, idle->path);
		}
		idle_free(idle);
		if (renamed)
			return true;
	}
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
	if (use_idle(request, path, base, reason)) {
		loop_defer(trees->sup->loop, tree_renamed, request);
		return;
	}
	trees->filling++;
	worktree_add(trees->sup->loop, &trees->sup->repo, path, base, reason,
	    tree_added, request);
}

void
trees_filled(struct trees *trees)
{
	trees->filling--;
}

size_t
trees_idle(const struct trees *trees)
{
	return trees->n_idle;
}

size_t
trees_filling(const struct trees *trees)
{
	return trees->filling;
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
trees_give_back(struct trees *trees, const char *path, enum trees_state state,
    const char *commit)
{
	if (state == TREES_UNUSABLE) {
		start_removal(trees, path);
		return;
	}
	struct trees_idle *idle = mem_zalloc(sizeof(*idle));
	idle->path = mem_text(path);
	idle->commit = commit == NULL ? NULL : mem_text(commit);
	idle->state = state;
	TAILQ_INSERT_HEAD(&trees->idle, idle, link);
	trees->n_idle++;
}

bool
trees_are_busy(const struct trees *trees)
{
	return trees->removals > 0;
}

void
trees_drain(struct trees *trees)
{
	struct trees_idle *idle;
	while ((idle = TAILQ_FIRST(&trees->idle)) != NULL) {
		TAILQ_REMOVE(&trees->idle, idle, link);
		trees->n_idle--;
		start_removal(trees, idle->path);
		idle_free(idle);
	}
}

void
trees_free(struct trees *trees)
{
	struct trees_idle *idle;
	if (trees == NULL)
		return;
	while ((idle = TAILQ_FIRST(&trees->idle)) != NULL) {
		TAILQ_REMOVE(&trees->idle, idle, link);
		idle_free(idle);
	}
	free(trees);
}
