/* SPDX-License-Identifier: MIT */
/*
 * Steps of a workflow file in all their forms: commands with options, the
 * files that they write, and what follows when they fail, which is a list of
 * steps again.
 */
#ifndef WORKFLOW_LOAD_STEP_H
#define WORKFLOW_LOAD_STEP_H

#include "workflow/load_value.h"

load_read_fn load_steps; /* struct steps *: a list of steps, added to it */

extern const struct load_keys load_step_keys[];

#endif
