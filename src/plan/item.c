/* SPDX-License-Identifier: MIT */
/* The life of one work item as a pure state machine. */
#include "config.h"

#include "plan/item.h"

/* --- names ------------------------------------------------------------ */

static const char *const state_names[ITEM_STATES] = {
	[ITEM_PENDING] = "pending",
	[ITEM_CREATING] = "creating",
	[ITEM_RUNNING] = "running",
	[ITEM_COLLECTING] = "collecting",
	[ITEM_READY] = "ready",
	[ITEM_MERGING] = "merging",
	[ITEM_SCRATCHING] = "scratching",
	[ITEM_RESOLVING] = "resolving",
	[ITEM_DONE] = "done",
	[ITEM_FAILED] = "failed",
};

static const char *const event_names[ITEM_EVENTS] = {
	[ITEM_STARTS] = "starts",
	[ITEM_TREE_MADE] = "tree made",
	[ITEM_TREE_FAILED] = "tree failed",
	[ITEM_REFUSED] = "refused",
	[ITEM_ENDED_WELL] = "ended well",
	[ITEM_ENDED_BADLY] = "ended badly",
	[ITEM_LOST] = "lost",
	[ITEM_CANCELLED] = "cancelled",
	[ITEM_HAS_COMMITS] = "has commits",
	[ITEM_HAS_NO_COMMITS] = "has no commits",
	[ITEM_UNUSABLE] = "unusable",
	[ITEM_RECORDED] = "recorded",
	[ITEM_TURN] = "turn",
	[ITEM_MERGED] = "merged",
	[ITEM_CONFLICT] = "conflict",
	[ITEM_MERGE_ERROR] = "merge error",
	[ITEM_SCRATCH_ADDED] = "scratch added",
	[ITEM_SCRATCH_FILLED] = "scratch filled",
	[ITEM_RESOLVED] = "resolved",
	[ITEM_UNRESOLVED] = "unresolved",
};

static const char *const action_names[ITEM_ACTIONS] = {
	[ITEM_DO_MAKE_TREE] = "make tree",
	[ITEM_DO_RUN] = "run",
	[ITEM_DO_COLLECT] = "collect",
	[ITEM_DO_RECORD_READY] = "record ready",
	[ITEM_DO_QUEUE] = "queue",
	[ITEM_DO_MERGE] = "merge",
	[ITEM_DO_ADD_SCRATCH] = "add scratch",
	[ITEM_DO_FILL_SCRATCH] = "fill scratch",
	[ITEM_DO_ASK_CLAUDE] = "ask claude",
	[ITEM_DO_RECORD_DONE] = "record done",
	[ITEM_DO_RECORD_FAILURE] = "record failure",
	[ITEM_DO_REPEAT] = "repeat",
	[ITEM_DO_PUT_BACK] = "put back",
	[ITEM_DO_LET_GO] = "let go",
	[ITEM_DO_LEAVE] = "leave",
	[ITEM_DO_FORGET] = "forget",
};

const char *
item_state_name(enum item_state state)
{
	return state_names[state];
}

const char *
item_event_name(enum item_event event)
{
	return event_names[event];
}

const char *
item_action_name(enum item_action action)
{
	return action_names[action];
}

/* --- transitions ------------------------------------------------------ */

enum condition {
	ALWAYS,
	STOPPING,
	CAN_REPEAT,
};

struct transition {
	enum item_state from;
	enum item_event event;
	enum condition condition;
	enum item_state to;
	enum item_action action;
};

/*
 * The first row counts that has the state and the event and whose condition
 * holds. While the job stops, an item whose commits are recorded is left to a
 * resume as it is, and any other is let go; what is paid for (a result, a
 * resolved conflict) is still taken. Two events cannot meet a stop: an item
 * starts when item_may_start() has just said so, and it is refused by the very
 * call that started it.
 */
static const struct transition transitions[] = {
	{ ITEM_PENDING, ITEM_STARTS, ALWAYS, ITEM_CREATING, ITEM_DO_MAKE_TREE },

	{ ITEM_CREATING, ITEM_TREE_MADE, STOPPING, ITEM_PENDING,
	    ITEM_DO_LET_GO },
	{ ITEM_CREATING, ITEM_TREE_MADE, ALWAYS, ITEM_RUNNING, ITEM_DO_RUN },
	{ ITEM_CREATING, ITEM_TREE_FAILED, STOPPING, ITEM_PENDING,
	    ITEM_DO_LET_GO },
	{ ITEM_CREATING, ITEM_TREE_FAILED, CAN_REPEAT, ITEM_PENDING,
	    ITEM_DO_REPEAT },
	{ ITEM_CREATING, ITEM_TREE_FAILED, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_RUNNING, ITEM_REFUSED, ALWAYS, ITEM_PENDING, ITEM_DO_PUT_BACK },
	{ ITEM_RUNNING, ITEM_ENDED_WELL, ALWAYS, ITEM_COLLECTING,
	    ITEM_DO_COLLECT },
	{ ITEM_RUNNING, ITEM_ENDED_BADLY, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },
	{ ITEM_RUNNING, ITEM_CANCELLED, ALWAYS, ITEM_PENDING, ITEM_DO_LET_GO },
	{ ITEM_RUNNING, ITEM_LOST, STOPPING, ITEM_PENDING, ITEM_DO_LET_GO },
	{ ITEM_RUNNING, ITEM_LOST, CAN_REPEAT, ITEM_PENDING, ITEM_DO_REPEAT },
	{ ITEM_RUNNING, ITEM_LOST, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_COLLECTING, ITEM_HAS_COMMITS, ALWAYS, ITEM_READY,
	    ITEM_DO_RECORD_READY },
	{ ITEM_COLLECTING, ITEM_HAS_NO_COMMITS, ALWAYS, ITEM_DONE,
	    ITEM_DO_RECORD_DONE },
	{ ITEM_COLLECTING, ITEM_UNUSABLE, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_READY, ITEM_RECORDED, STOPPING, ITEM_READY, ITEM_DO_LEAVE },
	{ ITEM_READY, ITEM_RECORDED, ALWAYS, ITEM_READY, ITEM_DO_QUEUE },
	{ ITEM_READY, ITEM_UNUSABLE, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },
	{ ITEM_READY, ITEM_TURN, STOPPING, ITEM_READY, ITEM_DO_LEAVE },
	{ ITEM_READY, ITEM_TURN, ALWAYS, ITEM_MERGING, ITEM_DO_MERGE },

	{ ITEM_MERGING, ITEM_MERGED, ALWAYS, ITEM_DONE, ITEM_DO_RECORD_DONE },
	{ ITEM_MERGING, ITEM_CONFLICT, STOPPING, ITEM_READY, ITEM_DO_LEAVE },
	{ ITEM_MERGING, ITEM_CONFLICT, ALWAYS, ITEM_SCRATCHING,
	    ITEM_DO_ADD_SCRATCH },
	{ ITEM_MERGING, ITEM_MERGE_ERROR, STOPPING, ITEM_READY, ITEM_DO_LEAVE },
	{ ITEM_MERGING, ITEM_MERGE_ERROR, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_SCRATCHING, ITEM_SCRATCH_ADDED, STOPPING, ITEM_READY,
	    ITEM_DO_LEAVE },
	{ ITEM_SCRATCHING, ITEM_SCRATCH_ADDED, ALWAYS, ITEM_SCRATCHING,
	    ITEM_DO_FILL_SCRATCH },
	{ ITEM_SCRATCHING, ITEM_SCRATCH_FILLED, STOPPING, ITEM_READY,
	    ITEM_DO_LEAVE },
	{ ITEM_SCRATCHING, ITEM_SCRATCH_FILLED, ALWAYS, ITEM_RESOLVING,
	    ITEM_DO_ASK_CLAUDE },
	{ ITEM_SCRATCHING, ITEM_UNRESOLVED, STOPPING, ITEM_READY,
	    ITEM_DO_LEAVE },
	{ ITEM_SCRATCHING, ITEM_UNRESOLVED, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_RESOLVING, ITEM_RESOLVED, ALWAYS, ITEM_MERGING, ITEM_DO_MERGE },
	{ ITEM_RESOLVING, ITEM_CANCELLED, ALWAYS, ITEM_READY, ITEM_DO_LEAVE },
	{ ITEM_RESOLVING, ITEM_UNRESOLVED, STOPPING, ITEM_READY,
	    ITEM_DO_LEAVE },
	{ ITEM_RESOLVING, ITEM_UNRESOLVED, ALWAYS, ITEM_FAILED,
	    ITEM_DO_RECORD_FAILURE },

	{ ITEM_DONE, ITEM_RECORDED, ALWAYS, ITEM_DONE, ITEM_DO_FORGET },
	{ ITEM_FAILED, ITEM_RECORDED, ALWAYS, ITEM_FAILED, ITEM_DO_FORGET },
};

static bool
holds(const struct item_view *view, enum condition condition)
{
	switch (condition) {
	case STOPPING:
		return view->stopping;
	case CAN_REPEAT:
		return view->can_repeat;
	case ALWAYS:
		break;
	}
	return true;
}

bool
item_follow(
    const struct item_view *view, enum item_event event, struct item_step *step)
{
	for (size_t i = 0; i < COUNT_OF(transitions); i++) {
		const struct transition *row = &transitions[i];
		if (row->from != view->state || row->event != event ||
		    !holds(view, row->condition))
			continue;
		step->state = row->to;
		step->action = row->action;
		return true;
	}
	return false;
}

/* --- slots ------------------------------------------------------------ */

bool
item_has_slot(enum item_state state)
{
	return state == ITEM_CREATING || state == ITEM_RUNNING;
}

/*
 * While the system recovers from a shortage the agents that run are the proof
 * that starting works; when none runs, only time tells.
 *
 * Fresh trees that are made side by side only get in each other's way once
 * every processor has one; meanwhile a tree may become idle, which is cheaper.
 */
bool
item_may_start(const struct item_admission *admission)
{
	return !admission->stopping && admission->used < admission->slots &&
	    admission->ready < admission->ready_limit &&
	    (admission->idle > 0 ||
		admission->filling < admission->fill_limit) &&
	    (!admission->recovering || admission->used > 0);
}
