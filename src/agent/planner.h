/* SPDX-License-Identifier: MIT */
/*
 * The plan phase: reads the input of a map (a file of the work tree, or what a
 * command prints), selects the items, and writes them into the spool, one
 * {"id":"item_0","data":...} a line.
 */
#ifndef AGENT_PLANNER_H
#define AGENT_PLANNER_H

#include "agent/chain.h"
#include "plan/frame.h"

/* Sets ok, cause, message, item_count, items_sha256 and counts. */
void planner_run(struct chain *chain, struct frame_result *result);

#endif
