/* SPDX-License-Identifier: MIT */
/*
 * What follows after a failed step that has on_failure, as a pure function
 * (see prodigy-workflow(5)). handlers.c carries it out.
 */
#ifndef AGENT_HANDLER_RULES_H
#define AGENT_HANDLER_RULES_H

#include <stdbool.h>

#include "plan/frame.h"
#include "workflow/step.h"

#define HANDLER_WORKFLOW_ATTEMPTS 3 /* max_attempts where none is written */

enum handler_action {
	HANDLER_RUN, /* the handler's commands */
	HANDLER_REPEAT, /* the step's own command again */
	HANDLER_RECOVERED, /* the step counts as a success */
	HANDLER_REPLACED, /* the handler's outcome is the step's */
	HANDLER_TOLERATE, /* a warning, then the next step */
	HANDLER_GIVE_UP, /* the step fails with its own error */
	HANDLER_BROKEN, /* the step fails because its handler did */
	HANDLER_ACTIONS
};

struct handler_state {
	unsigned executions; /* of the step's command; all failed */
	unsigned handled; /* runs of the handler */
	bool handler_ok; /* the last of them succeeded */
};

unsigned handler_max_attempts(
    const struct on_failure *rule, enum frame_phase phase);
enum handler_action handler_next(const struct on_failure *rule,
    enum frame_phase phase, const struct handler_state *state);

#endif
