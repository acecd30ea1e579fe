/* SPDX-License-Identifier: MIT */
/* Carries out on_failure: what handler_rules.h decides. */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include "agent/chain.h"
#include "agent/outcome.h"
#include "workflow/step.h"

/*
 * The step's command has failed once, with outcome; the step has on_failure.
 * Afterwards outcome is the step's: ok when the chain goes on.
 */
void handlers_run(
    struct chain *chain, const struct step *step, struct outcome *outcome);

#endif
