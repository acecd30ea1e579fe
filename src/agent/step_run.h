/* SPDX-License-Identifier: MIT */
/*
 * One step from its condition to its commit check, whatever its kind and
 * phase: when, command, captures, on_failure, commit_required.
 */
#ifndef AGENT_STEP_RUN_H
#define AGENT_STEP_RUN_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "workflow/step.h"

/*
 * Runs the step; the outcome is empty before. When outcome_is_ok(), the chain
 * goes on; the exit code then is the command's own, which is not 0 when its
 * failure was tolerated.
 */
void step_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
