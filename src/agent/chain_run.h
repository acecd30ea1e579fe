/* SPDX-License-Identifier: MIT */
/*
 * The executor of steps, whatever their kind and phase: each from its condition
 * over its command, its captures and its on_failure to its commit check, in
 * order, until one fails.
 */
#ifndef AGENT_CHAIN_RUN_H
#define AGENT_CHAIN_RUN_H

#include "agent/chain.h"
#include "plan/frame.h"

#define RESULT_OUTPUT_HALF (32u * 1024) /* head and tail of result->output */
#define STEP_OUTPUT_LIMIT (4u * 1024) /* of one step's entry */

/*
 * Runs the steps of chain->spec from first_step on. Sets everything in result
 * that the steps decide: failure, output, captures, cost, ...
 */
void chain_run(struct chain *chain, struct frame_result *result);

#endif
