/* SPDX-License-Identifier: MIT */
/*
 * The parent work tree of a run: setup, reduce and merge steps work in it,
 * the results of agents come into it by fast-forward. Waits for git.
 */
#ifndef RUN_PARENT_H
#define RUN_PARENT_H

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Where the repository was moved since it was used last: its work trees are
 * told, unless a run is alive, perhaps on a system that sees the old place.
 */
void parent_follow(const struct repo *repo, const struct layout *layout);
bool parent_create(struct supervisor *sup, struct error *err) MUST_USE;
/* Reads HEAD of the parent into recorder.parent_head. */
bool parent_read_head(struct supervisor *sup, struct error *err) MUST_USE;
/* Points the job's map ref at the parent's HEAD. */
bool parent_start_map(struct supervisor *sup, struct error *err) MUST_USE;
/* Brings branch and files to the map ref, uncommitted changes kept. */
bool parent_catch_up(struct supervisor *sup, struct error *err) MUST_USE;
/* The run is over: a tree that is there is the user's (git/worktree.h). */
void parent_let_go(const struct supervisor *sup);
/* Removes tree, branch and refs of a run whose work is elsewhere or none. */
bool parent_remove(struct supervisor *sup, struct error *err) MUST_USE;
/*
 * Undoes parent_create(), however far it came, for a run that could not start:
 * no step was in the tree yet, so that nothing of it is kept.
 */
bool parent_take_back(struct supervisor *sup, struct error *err) MUST_USE;
/* Nothing in it but what the run started from: no commit, no change. */
bool parent_is_untouched(struct supervisor *sup);

/*
 * A phase whose steps run in it, through one agent process: setup, reduce,
 * merge, a standard workflow, and the planning of items.
 */
struct parent_steps {
	const char *title; /* "Setup": in messages */
	const struct vars *vars; /* NULL: the run's own */
	char *spool; /* PHASE_PLAN: the file to write; borrowed */
};
/*
 * Runs it and waits. True when all steps succeeded; *result (released by the
 * caller, whatever happened) is what the agent said. Failures: ERROR_COMMAND,
 * ERROR_TIMEOUT, ..., ERROR_CANCELLED.
 */
bool parent_steps_run(struct supervisor *sup, enum frame_phase phase,
    const struct parent_steps *what, struct frame_result *result,
    struct error *err) MUST_USE;

#endif
