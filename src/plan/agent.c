/* SPDX-License-Identifier: MIT */
/* The life of one work item as a pure state machine. */
#include "config.h"

#include "base/defs.h"
#include "plan/agent.h"

static const char *const state_names[AGENT_STATES] = {
	[AGENT_PENDING] = "pending",
	[AGENT_CREATING] = "creating",
	[AGENT_RUNNING] = "running",
	[AGENT_READY] = "ready",
	[AGENT_MERGING] = "merging",
	[AGENT_RESOLVING] = "resolving",
	[AGENT_DONE] = "done",
	[AGENT_FAILED] = "failed",
};

static const char *const event_names[AGENT_EVENTS] = {
	[AGENT_STARTS] = "starts",
	[AGENT_TREE_MADE] = "tree made",
	[AGENT_TREE_FAILED] = "tree failed",
	[AGENT_ENDED_WITH_COMMITS] = "ended with commits",
	[AGENT_ENDED_WITHOUT_COMMITS] = "ended without commits",
	[AGENT_ENDED_BADLY] = "ended badly",
	[AGENT_LOST] = "lost",
	[AGENT_CANCELLED] = "cancelled",
	[AGENT_TURN] = "turn",
	[AGENT_MERGED] = "merged",
	[AGENT_CONFLICT] = "conflict",
	[AGENT_MERGE_ERROR] = "merge error",
	[AGENT_RESOLVED] = "resolved",
	[AGENT_UNRESOLVED] = "unresolved",
};

static const char *const action_names[AGENT_ACTIONS] = {
	[AGENT_DO_NOTHING] = "nothing",
	[AGENT_DO_MAKE_TREE] = "make tree",
	[AGENT_DO_RUN] = "run",
	[AGENT_DO_QUEUE] = "queue",
	[AGENT_DO_MERGE] = "merge",
	[AGENT_DO_RESOLVE] = "resolve",
	[AGENT_DO_MERGE_RESOLVED] = "merge resolved",
	[AGENT_DO_SETTLE_DONE] = "settle done",
	[AGENT_DO_SETTLE_FAILED] = "settle failed",
	[AGENT_DO_AGAIN] = "again",
	[AGENT_DO_LET_GO] = "let go",
};

static bool
goes(struct agent_next *next, enum agent_state state, enum agent_action action)
{
	*next = (struct agent_next){ .state = state, .action = action };
	return true;
}

static bool
fails(struct agent_next *next)
{
	return goes(next, AGENT_FAILED, AGENT_DO_SETTLE_FAILED);
}

static bool
goes_back(struct agent_next *next)
{
	return goes(next, AGENT_PENDING, AGENT_DO_LET_GO);
}

/* Once more while that is allowed; while stopping, a resume decides. */
static bool
repeats_or_fails(const struct agent_view *view, struct agent_next *next)
{
	if (view->stopping)
		return goes_back(next);
	if (view->lost_left > 0)
		return goes(next, AGENT_PENDING, AGENT_DO_AGAIN);
	return fails(next);
}

static bool
from_creating(const struct agent_view *view, enum agent_event event,
    struct agent_next *next)
{
	if (event == AGENT_TREE_MADE) {
		if (view->stopping)
			return goes_back(next);
		return goes(next, AGENT_RUNNING, AGENT_DO_RUN);
	}
	if (event == AGENT_TREE_FAILED)
		return repeats_or_fails(view, next);
	if (event == AGENT_CANCELLED)
		return goes_back(next);
	return false;
}

static bool
from_running(const struct agent_view *view, enum agent_event event,
    struct agent_next *next)
{
	if (event == AGENT_ENDED_WITH_COMMITS)
		return goes(next, AGENT_READY, AGENT_DO_QUEUE);
	if (event == AGENT_ENDED_WITHOUT_COMMITS)
		return goes(next, AGENT_DONE, AGENT_DO_SETTLE_DONE);
	if (event == AGENT_ENDED_BADLY)
		return fails(next);
	if (event == AGENT_LOST)
		return repeats_or_fails(view, next);
	if (event == AGENT_CANCELLED)
		return goes_back(next);
	return false;
}

static bool
from_merging(const struct agent_view *view, enum agent_event event,
    struct agent_next *next)
{
	if (event == AGENT_MERGED)
		return goes(next, AGENT_DONE, AGENT_DO_SETTLE_DONE);
	if (event == AGENT_CONFLICT && view->stopping)
		return goes(next, AGENT_READY, AGENT_DO_NOTHING);
	if (event == AGENT_CONFLICT && view->can_resolve)
		return goes(next, AGENT_RESOLVING, AGENT_DO_RESOLVE);
	if (event == AGENT_CONFLICT || event == AGENT_MERGE_ERROR)
		return fails(next);
	return false;
}

static bool
from_resolving(const struct agent_view *view, enum agent_event event,
    struct agent_next *next)
{
	if (event == AGENT_RESOLVED)
		return goes(next, AGENT_MERGING, AGENT_DO_MERGE_RESOLVED);
	if (event == AGENT_CANCELLED)
		return goes(next, AGENT_READY, AGENT_DO_NOTHING);
	if (event != AGENT_UNRESOLVED)
		return false;
	if (view->stopping)
		return goes(next, AGENT_READY, AGENT_DO_NOTHING);
	return fails(next);
}

bool
agent_can_follow(const struct agent_view *view, enum agent_event event,
    struct agent_next *next)
{
	switch (view->state) {
	case AGENT_PENDING:
		return event == AGENT_STARTS &&
		    goes(next, AGENT_CREATING, AGENT_DO_MAKE_TREE);
	case AGENT_CREATING:
		return from_creating(view, event, next);
	case AGENT_RUNNING:
		return from_running(view, event, next);
	case AGENT_READY:
		return event == AGENT_TURN &&
		    goes(next, AGENT_MERGING, AGENT_DO_MERGE);
	case AGENT_MERGING:
		return from_merging(view, event, next);
	case AGENT_RESOLVING:
		return from_resolving(view, event, next);
	case AGENT_DONE:
	case AGENT_FAILED:
	case AGENT_STATES:
		return false;
	}
	return false;
}

struct agent_next
agent_next(const struct agent_view *view, enum agent_event event)
{
	struct agent_next next = { 0 };
	if (!agent_can_follow(view, event, &next))
		BUG("an agent that is %s cannot have '%s'",
		    agent_state_name(view->state), agent_event_name(event));
	return next;
}

const char *
agent_state_name(enum agent_state state)
{
	return state_names[state];
}

const char *
agent_event_name(enum agent_event event)
{
	return event_names[event];
}

const char *
agent_action_name(enum agent_action action)
{
	return action_names[action];
}
