/* SPDX-License-Identifier: MIT */
/*
 * What an attempt's end left in its work tree, and how it is kept: before the
 * tree is removed or serves another agent, everything in it that is nowhere
 * else gets a ref (git/salvage.h), or the tree itself stays. Not being able to
 * look means that it stays.
 *
 * The verdict is told truly: an agent that made commits which its result does
 * not reach, or whose tree cannot be looked at, has failed.
 */
#ifndef AGENT_REMAINS_H
#define AGENT_REMAINS_H

#include "agent/keeper.h"
#include "base/defs.h"
#include "plan/frame.h"

struct remains;

/*
 * Once the tree is prepared, before the first step: how it is now. keeper and
 * spec are borrowed until remains_keep().
 */
struct remains *remains_begin(
    struct keeper *keeper, const struct frame_spec *spec) MUST_USE;
/*
 * After the last step: fills in tip, uncommitted, salvage, reusable and
 * needs_clean, and failure if there is none yet. Releases remains.
 */
void remains_keep(struct remains *remains, struct frame_result *result);

#endif
