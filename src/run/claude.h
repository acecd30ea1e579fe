/* SPDX-License-Identifier: MIT */
/* How a run starts claude, out of all that has a say in it. */
#ifndef RUN_CLAUDE_H
#define RUN_CLAUDE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"
#include "run/supervisor.h"
#include "workflow/workflow.h"

/*
 * Fills config, which is empty, from the environment, the workflow and the
 * options. The environment's command comes before the workflow's, its arguments
 * behind them; the options' permissions come first. ERROR_USAGE or ERROR_INPUT:
 * words that are not quoted well, or that claude would take for the prompt; but
 * not in a workflow that cannot need claude.
 */
bool claude_configure(const struct run_options *options,
    const struct workflow *workflow, struct claude_config *config,
    struct error *err) MUST_USE;

#endif
