/* SPDX-License-Identifier: MIT */
/*
 * on_failure (see prodigy-workflow(5)): what follows after a step has failed,
 * as a pure function, and the variables that its handler sees. chain_run.c
 * carries out what is decided here.
 */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include <stdbool.h>

#include "agent/chain.h"
#include "agent/outcome.h"
#include "data/vars.h"
#include "plan/frame.h"
#include "workflow/step.h"

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

/* What to do next, while the step's command has not succeeded. */
enum handler_action handler_next(const struct on_failure *rule,
    enum frame_phase phase, const struct handler_state *state);

/*
 * Sets what a handler sees of the failed step: its output, its exit code and
 * its error. executions says how often its command was run. When the output is
 * too long for a prompt it is put into a file, and its variable holds the path;
 * *path then is a copy of it, for the caller to remove and to free, and is left
 * as it is otherwise.
 */
void handler_variables(const struct chain *chain, const struct step *step,
    const struct outcome *failed, unsigned executions, struct vars *vars,
    char **path);

#endif
