/* SPDX-License-Identifier: MIT */
/* Decides how a failed step goes on. */
#include "config.h"

#include "agent/handler_rules.h"

unsigned
handler_max_attempts(const struct on_failure *rule, enum frame_phase phase)
{
	if (rule->max_attempts > 0)
		return rule->max_attempts;
	return phase == PHASE_WORKFLOW ? HANDLER_WORKFLOW_ATTEMPTS : 1;
}

/* All attempts are used up, and the step's command never succeeded. */
static enum handler_action
verdict(const struct on_failure *rule, enum frame_phase phase,
    const struct handler_state *state)
{
	switch (rule->strategy) {
	case HANDLER_CLEANUP:
		return HANDLER_GIVE_UP;
	case HANDLER_FALLBACK:
		if (state->handler_ok)
			return HANDLER_REPLACED;
		break;
	case HANDLER_RECOVERY:
		if (rule->from_commands && state->handler_ok)
			return HANDLER_RECOVERED;
		break;
	case HANDLER_STRATEGIES:
		break;
	}
	/* An agent whose handler fails too has nothing worth merging. */
	if (phase == PHASE_MAP && !state->handler_ok)
		return HANDLER_GIVE_UP;
	if (rule->fail_workflow && !rule->bare)
		return HANDLER_GIVE_UP;
	return HANDLER_TOLERATE;
}

enum handler_action
handler_next(const struct on_failure *rule, enum frame_phase phase,
    const struct handler_state *state)
{
	unsigned max = handler_max_attempts(rule, phase);
	bool is_last = state->executions >= max;
	if (rule->ignore)
		return HANDLER_TOLERATE;
	if (state->handled < state->executions) {
		/* With one attempt the handler runs all the same, once. */
		if (!is_last || max == 1)
			return HANDLER_RUN;
		return verdict(rule, phase, state);
	}
	if (!state->handler_ok && rule->handler_failure_fatal)
		return HANDLER_BROKEN;
	if (!is_last)
		return HANDLER_REPEAT;
	return verdict(rule, phase, state);
}
