/* SPDX-License-Identifier: MIT */
/* The blocks of a workflow file: setup, map, reduce, merge. */
#ifndef WORKFLOW_LOAD_PHASE_H
#define WORKFLOW_LOAD_PHASE_H

#include "workflow/load_value.h"

/* For tables, with what target points to. */
load_read_fn load_setup; /* struct phase_block * */
load_read_fn load_phase; /* struct phase_block *: reduce, merge */
load_read_fn load_map_block; /* struct map_block * */

extern const struct load_keys load_phase_keys[];

#endif
