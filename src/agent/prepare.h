/* SPDX-License-Identifier: MIT */
/* The agent's work tree is made exactly the base before the first step. */
#ifndef AGENT_PREPARE_H
#define AGENT_PREPARE_H

#include <stdbool.h>

#include "agent/keeper.h"
#include "base/defs.h"
#include "base/error.h"
#include "plan/frame.h"

/*
 * Checks out spec->base on the new branch spec->branch, and cleans the tree
 * when the spec says so. Of a tree that the spec knows only what differs is
 * touched. Without a base the tree stays as it is.
 */
bool prepare_tree(struct keeper *keeper, const struct frame_spec *spec,
    struct error *err) MUST_USE;

#endif
