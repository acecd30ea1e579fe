/* SPDX-License-Identifier: MIT */
/*
 * The life of one work item as a pure state machine: what an event means in a
 * state, and what is to be done next. run/worker carries the actions out and
 * is the only place that stores the state.
 *
 *	pending -> creating -> running -> ready -> merging -> done
 *	                                             |-> resolving -> merging
 *	any of them -> failed, or back to pending (cancelled, or lost and tried
 *	again)
 *
 * An agent's slot is free again as soon as it leaves running: what it made is
 * a commit that is recorded, so its work tree can serve the next item while
 * the merge waits for its turn.
 */
#ifndef PLAN_AGENT_H
#define PLAN_AGENT_H

#include <stdbool.h>

enum agent_state {
	AGENT_PENDING,
	AGENT_CREATING, /* its work tree is being made */
	AGENT_RUNNING, /* its process runs */
	AGENT_READY, /* finished with commits, waits to be merged */
	AGENT_MERGING,
	AGENT_RESOLVING, /* claude works on a conflict */
	AGENT_DONE,
	AGENT_FAILED,
	AGENT_STATES
};

enum agent_event {
	AGENT_STARTS, /* it got a slot */
	AGENT_TREE_MADE,
	AGENT_TREE_FAILED,
	AGENT_ENDED_WITH_COMMITS,
	AGENT_ENDED_WITHOUT_COMMITS,
	AGENT_ENDED_BADLY, /* a step failed */
	AGENT_LOST, /* no result */
	AGENT_CANCELLED, /* told to stop, and it did */
	AGENT_TURN, /* first in the merge queue */
	AGENT_MERGED,
	AGENT_CONFLICT,
	AGENT_MERGE_ERROR,
	AGENT_RESOLVED,
	AGENT_UNRESOLVED,
	AGENT_EVENTS
};

enum agent_action {
	AGENT_DO_NOTHING,
	AGENT_DO_MAKE_TREE,
	AGENT_DO_RUN,
	AGENT_DO_QUEUE, /* record it as ready and queue its merge */
	AGENT_DO_MERGE,
	AGENT_DO_RESOLVE,
	AGENT_DO_MERGE_RESOLVED,
	AGENT_DO_SETTLE_DONE,
	AGENT_DO_SETTLE_FAILED,
	AGENT_DO_AGAIN, /* back to the items that wait, as a new attempt */
	AGENT_DO_LET_GO, /* back to pending without counting an attempt */
	AGENT_ACTIONS
};

struct agent_view {
	enum agent_state state;
	unsigned lost_left; /* how often a lost attempt may still be repeated */
	bool can_resolve; /* a conflict may go to claude */
	bool stopping; /* the job is being shut down */
};

struct agent_next {
	enum agent_state state;
	enum agent_action action;
};

/* What follows; an event that cannot occur in the state is a BUG. */
struct agent_next agent_next(
    const struct agent_view *view, enum agent_event event);
/* The same, but false instead of a BUG (for tables and tests). */
bool agent_can_follow(const struct agent_view *view, enum agent_event event,
    struct agent_next *next);

const char *agent_state_name(enum agent_state state);
const char *agent_event_name(enum agent_event event);
const char *agent_action_name(enum agent_action action);

#endif
