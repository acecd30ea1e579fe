/* SPDX-License-Identifier: MIT */
/* Runs the script of a shell step with sh. */
#ifndef AGENT_STEP_SHELL_H
#define AGENT_STEP_SHELL_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "workflow/step.h"

/* One execution. outcome is empty before. */
void step_shell_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
