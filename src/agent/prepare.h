/* SPDX-License-Identifier: MIT */
/*
 * The agent's work tree: made exactly the base before the first step, and
 * looked at after the last.
 */
#ifndef AGENT_PREPARE_H
#define AGENT_PREPARE_H

#include <stdbool.h>

#include "agent/keeper.h"
#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"

/*
 * Checks out spec->base on the new branch spec->branch, and cleans the tree
 * when the spec says so. Without a base the tree stays as it is.
 */
bool prepare_tree(struct keeper *keeper, const struct frame_spec *spec,
    struct error *err) MUST_USE;
/*
 * Fills in tip, uncommitted, salvaged, reusable and needs_clean. Uncommitted
 * work is kept as a commit under spec->salvage_ref.
 */
void prepare_end(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result);

#endif
