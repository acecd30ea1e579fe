/* SPDX-License-Identifier: MIT */
/* Runs the steps of an agent in order and tells what they came to. */
#ifndef AGENT_CHAIN_RUN_H
#define AGENT_CHAIN_RUN_H

#include "agent/chain.h"
#include "plan/frame.h"

#define RESULT_OUTPUT_HALF (32u * 1024) /* head and tail of result->output */
#define STEP_OUTPUT_LIMIT (4u * 1024) /* of one step's entry */

/*
 * Runs spec->steps from first_step on. Sets everything in result that the
 * steps decide: failure, output, captures, cost, ...
 */
void chain_run(struct chain *chain, struct frame_result *result);

#endif
