/* SPDX-License-Identifier: MIT */
/*
 * The work trees of agents: made when there is none to use again, given the
 * next agent's name when there is, removed at the end.
 */
#ifndef RUN_TREES_H
#define RUN_TREES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/* What is in a tree. */
enum trees_state {
	TREES_NEW, /* nothing: it was made for this agent */
	TREES_CLEAN, /* the tracked files of another agent's commit */
	TREES_LITTERED, /* ... and untracked or ignored files */
	TREES_UNUSABLE, /* it must not serve again */
};

struct trees;

/*
 * state counts (of a failure it is TREES_NEW), commit only when err is NULL.
 * commit: files and index are those of this commit; NULL: that is not sure. It
 * is borrowed.
 */
typedef void trees_fn(enum trees_state state, const char *commit,
    const struct error *err, void *arg);

struct trees *trees_new(struct supervisor *sup) MUST_USE;
void trees_free(struct trees *trees);
/*
 * Gets a tree at path for an agent that starts at base; fn comes later. user is
 * for whom: the tree is locked with that as the reason.
 */
void trees_get(struct trees *trees, const char *path, const char *base,
    const char *user, trees_fn *fn, void *arg);
/* The tree stays when the job is over, and is the user's (git/worktree.h). */
void trees_let_go(struct trees *trees, const char *path, const char *user);
/* Of a new tree: its files are there, or will not come. */
void trees_filled(struct trees *trees);
/* How many trees wait for an agent, and how many new ones for their files. */
size_t trees_idle(const struct trees *trees);
size_t trees_filling(const struct trees *trees);
/*
 * Takes a tree back: for the next agent, or to remove what is unusable. commit
 * as in trees_fn, of a clean tree.
 */
void trees_give_back(struct trees *trees, const char *path,
    enum trees_state state, const char *commit);
/* Starts the removal of all trees that wait. */
void trees_drain(struct trees *trees);
/* Whether removals are still going on. */
bool trees_are_busy(const struct trees *trees);

#endif
