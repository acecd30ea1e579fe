/* SPDX-License-Identifier: MIT */
/* The blocks of a workflow file: setup, map, reduce, merge. */
#ifndef WORKFLOW_LOAD_PHASE_H
#define WORKFLOW_LOAD_PHASE_H

#include "workflow/load_value.h"

/* Readers for tables (load_read_fn), with what their targets are. */
/* struct phase_block * */
void load_setup(struct load *load, const struct yaml_node *node, void *target);
/* struct phase_block *: reduce, merge */
void load_phase(struct load *load, const struct yaml_node *node, void *target);
/* struct map_block * */
void load_map_block(
    struct load *load, const struct yaml_node *node, void *target);

extern const struct load_keys load_phase_keys[];

#endif
