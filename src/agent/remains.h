/* SPDX-License-Identifier: MIT */
/*
 * What an attempt's end left in its work tree, and how it is kept: before the
 * tree is removed or serves another agent, everything in it that is nowhere
 * else gets a ref (git/salvage.h), or the tree itself stays. Not being able to
 * look means that it stays.
 */
#ifndef AGENT_REMAINS_H
#define AGENT_REMAINS_H

#include "agent/keeper.h"
#include "plan/frame.h"

/* Fills in tip, uncommitted, salvage, reusable and needs_clean. */
void remains_keep(struct keeper *keeper, const struct frame_spec *spec,
    struct frame_result *result);

#endif
