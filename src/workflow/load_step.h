/* SPDX-License-Identifier: MIT */
/*
 * Steps of a workflow file in all their forms: commands with options, the
 * files that they write, and what follows when they fail, which is a list of
 * steps again.
 */
#ifndef WORKFLOW_LOAD_STEP_H
#define WORKFLOW_LOAD_STEP_H

#include "workflow/load_value.h"

/* struct steps *: a list of steps, added to it */
void load_steps(struct load *load, const struct yaml_node *node, void *target);

extern const struct load_keys load_step_keys[];

#endif
