/* SPDX-License-Identifier: MIT */
/*
 * The plan phase: reads the input of a map, selects the items, and writes them
 * into the list of work items (plan/items.h has the form of a line).
 *
 * The input is a file of the work tree, or what a command prints: one JSON
 * document, JSON lines, or lines of text (see prodigy-workflow(5)).
 */
#ifndef AGENT_PLANNER_H
#define AGENT_PLANNER_H

#include "agent/chain.h"
#include "plan/frame.h"

/* Sets failure, or else item_count, items_sha256 and counts. */
void planner_run(struct chain *chain, struct frame_result *result);

#endif
