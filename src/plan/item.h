/* SPDX-License-Identifier: MIT */
/*
 * The life of one work item as a pure state machine: what an event means in a
 * state, and what is to be done next. run/map asks it for every event, stores
 * the state and has the action carried out; nothing else changes a state or
 * decides whether something starts.
 *
 *	pending -> creating -> running -> collecting -> ready -> merging -> done
 *	                                                           |    ^
 *	                                                           v    |
 *	                                                     scratching |
 *	                                                           |    |
 *	                                                           v    |
 *	                                                        resolving
 *
 * Each state but the last can also lead to failed, back to pending (cancelled,
 * refused, or lost and to be repeated), or back to ready (a stop came while a
 * conflict was being resolved: a resume merges it again).
 *
 * An item holds a slot while it is creating or running. What its agent made is
 * a commit by then, so its work tree can serve the next item while the merge
 * waits for its turn.
 */
#ifndef PLAN_ITEM_H
#define PLAN_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

enum item_state {
	ITEM_PENDING,
	ITEM_CREATING, /* its work tree is being made */
	ITEM_RUNNING, /* its agent process runs */
	ITEM_COLLECTING, /* its commits are looked at */
	ITEM_READY, /* it has commits that wait to be merged */
	ITEM_MERGING,
	ITEM_SCRATCHING, /* a scratch tree for its conflict is being made */
	ITEM_RESOLVING, /* claude works on its conflict */
	ITEM_DONE,
	ITEM_FAILED,
	ITEM_STATES
};

enum item_event {
	ITEM_STARTS, /* it got a slot */
	ITEM_TREE_MADE,
	ITEM_TREE_FAILED,
	ITEM_REFUSED, /* the system has no room for another process now */
	ITEM_ENDED_WELL, /* all steps succeeded */
	ITEM_ENDED_BADLY, /* a step failed */
	ITEM_LOST, /* the agent process left no result */
	ITEM_CANCELLED, /* the agent process was told to stop, and did */
	ITEM_HAS_COMMITS,
	ITEM_HAS_NO_COMMITS,
	ITEM_UNUSABLE, /* its commits cannot be merged or recorded */
	ITEM_RECORDED, /* what it came to is durable */
	ITEM_TURN, /* it is the first in the queue of merges */
	ITEM_MERGED,
	ITEM_CONFLICT,
	ITEM_MERGE_ERROR,
	ITEM_SCRATCH_ADDED, /* the scratch tree is registered, and empty */
	ITEM_SCRATCH_FILLED,
	ITEM_RESOLVED,
	ITEM_UNRESOLVED,
	ITEM_EVENTS
};

enum item_action {
	ITEM_DO_MAKE_TREE,
	ITEM_DO_RUN,
	ITEM_DO_COLLECT,
	ITEM_DO_RECORD_READY,
	ITEM_DO_QUEUE, /* for its merge */
	ITEM_DO_MERGE,
	ITEM_DO_ADD_SCRATCH,
	ITEM_DO_FILL_SCRATCH,
	ITEM_DO_ASK_CLAUDE,
	ITEM_DO_RECORD_DONE,
	ITEM_DO_RECORD_FAILURE,
	ITEM_DO_REPEAT, /* as a new attempt, when a slot is free */
	ITEM_DO_PUT_BACK, /* likewise, and start fewer for a while */
	ITEM_DO_LET_GO, /* back to pending: a resume starts it */
	ITEM_DO_LEAVE, /* as it is recorded: a resume merges it */
	ITEM_DO_FORGET, /* everything about it is recorded */
	ITEM_ACTIONS
};

struct item_view {
	enum item_state state;
	bool can_repeat; /* a lost attempt may be repeated */
	bool stopping; /* the job is being shut down */
};

struct item_step {
	enum item_state state;
	enum item_action action;
};

/*
 * What follows an event. False when the event cannot occur in that state; step
 * is unchanged then.
 */
bool item_follow(const struct item_view *view, enum item_event event,
    struct item_step *step) MUST_USE;

/* Whether an item in that state takes one of the slots. */
bool item_has_slot(enum item_state state);

/* What counts when another item asks for a slot. */
struct item_admission {
	bool stopping; /* the job is being shut down */
	bool recovering; /* a start was refused a short while ago */
	size_t slots; /* how many may run at once now */
	size_t used; /* how many do */
	size_t ready; /* items whose merge waits */
	size_t ready_limit; /* how many of them are too many */
	size_t idle; /* work trees that wait for an item */
	size_t filling; /* fresh ones whose files are not all there yet */
	size_t fill_limit; /* how many of those at the same time */
};
bool item_may_start(const struct item_admission *admission);

const char *item_state_name(enum item_state state);
const char *item_event_name(enum item_event event);
const char *item_action_name(enum item_action action);

#endif
