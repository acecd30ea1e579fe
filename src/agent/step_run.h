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
 * Runs the step. ok means that the chain goes on; exit_code then is the
 * command's own, which is not 0 when a failure was tolerated.
 */
void step_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);
/* The command alone, once, with its captures. outcome is empty before. */
void step_run_command(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
