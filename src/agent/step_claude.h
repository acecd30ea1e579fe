/* SPDX-License-Identifier: MIT */
/* Runs the prompt of a claude step, or of another agent program. */
#ifndef AGENT_STEP_CLAUDE_H
#define AGENT_STEP_CLAUDE_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "workflow/step.h"

/* One execution. outcome is empty before. */
void step_claude_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
